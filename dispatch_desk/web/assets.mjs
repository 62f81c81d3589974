// Copies what the desk's pages share with others into its static folder: node assets.mjs [node_modules]
import { copyFileSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const modules = process.argv[2] ?? join(root, "node_modules");
const target = join(here, "static", "vendor");

mkdirSync(target, { recursive: true });
copyFileSync(join(modules, "@tabler/core/dist/css/tabler.min.css"), join(target, "tabler.min.css"));
for (const name of ["tokens.css", "staff.css"]) copyFileSync(join(root, "groundwork", "look", name), join(target, name));
