// Fills the desk's static folder: copies what its pages share with others, bundles its own scripts: node assets.mjs [node_modules]
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "..", "..");
const modules = process.argv[2] ?? join(root, "node_modules");
const esbuild = createRequire(join(modules, "..", "package.json"))("esbuild");
const target = join(here, "static", "vendor");

mkdirSync(target, { recursive: true });
copyFileSync(join(modules, "@tabler/core/dist/css/tabler.min.css"), join(target, "tabler.min.css"));
esbuild.buildSync({
  entryPoints: [join(root, "groundwork", "look", "figures.js")],
  outfile: join(target, "figures.js"),
  bundle: true, minify: true, charset: "utf8", target: "es2017", nodePaths: [modules],
});
for (const name of ["tokens.css", "staff.css"]) copyFileSync(join(root, "groundwork", "look", name), join(target, name));
const script = `(() => {${readFileSync(join(here, "assets", "inbox.js"), "utf8")}})();`;
writeFileSync(join(target, "inbox.js"), esbuild.transformSync(script, { loader: "js", minify: true, charset: "utf8", target: "es2019" }).code);
