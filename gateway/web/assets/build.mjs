// Makes gateway/web/static: minified for old phones, named by content, with a manifest for the templates.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const require = createRequire(import.meta.url);
const esbuild = require("esbuild");

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "..", "static");
const source = (name) => readFileSync(join(here, name), "utf8");
const shared = join(here, "..", "..", "..", "groundwork", "look");
const look = (name) => readFileSync(join(shared, name), "utf8");
const small = (code, loader) =>
  esbuild.transformSync(code, { loader, minify: true, charset: "utf8", target: loader === "js" ? "es2017" : ["chrome80", "safari13"] }).code;
const bundled = (name, from = here) =>
  esbuild.buildSync({ entryPoints: [join(from, name)], bundle: true, write: false, format: "iife", minify: true, charset: "utf8", target: "es2017" }).outputFiles[0].text;

const files = {
  "weui.css": readFileSync(require.resolve("weui/dist/style/weui.min.css"), "utf8"),
  "citizen.css": small(look("tokens.css") + source("citizen.css"), "css"),
  "tabler.css": readFileSync(require.resolve("@tabler/core/dist/css/tabler.min.css"), "utf8"),
  "staff.css": small(look("tokens.css") + look("staff.css"), "css"),
  "figures.js": bundled("figures.js", shared),
  "chat.js": bundled("chat.js"),
  "embed.js": small(`(() => {${source("embed.js")}})();`, "js"),
  "framed.js": small(`(() => {${source("framed.js")}})();`, "js"),
  "callbacks.js": small(`(() => {${source("callbacks.js")}})();`, "js"),
  "letter.js": small(`(() => {${source("letter.js")}})();`, "js"),
  "find.js": small(`(() => {${source("find.js")}})();`, "js"),
  "receipt.js": small(`(() => {${source("receipt.js")}})();`, "js"),
  "icons.svg": look("icons.svg"),
};

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const manifest = {};
for (const [name, text] of Object.entries(files)) {
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
  const kind = extname(name);
  manifest[name] = `${name.slice(0, -kind.length)}.${digest}${kind}`;
  const packed = gzipSync(text, { level: 9 });
  writeFileSync(join(out, manifest[name]), text);
  writeFileSync(join(out, `${manifest[name]}.gz`), packed);
  console.log(`${manifest[name]} ${text.length} bytes, ${packed.length} packed`);
}
writeFileSync(join(out, "manifest.json"), JSON.stringify(manifest, null, 1));
