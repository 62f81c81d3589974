// Copies what the desk's pages load from npm packages into its static folder: node assets.mjs [node_modules]
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const modules = process.argv[2] ?? join(here, "..", "..", "node_modules");
const target = join(here, "static", "vendor");

mkdirSync(target, { recursive: true });
copyFileSync(join(modules, "@tabler/core/dist/css/tabler.min.css"), join(target, "tabler.min.css"));
