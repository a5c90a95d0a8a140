// Formulas to HTML: reads [[tex, display], …] as JSON and writes the HTML of each, in their order.
import { readFileSync } from "node:fs";
import katex from "katex";

const formulas = JSON.parse(readFileSync(0, "utf-8"));
const shown = formulas.map(([tex, display]) =>
  katex.renderToString(tex, { displayMode: display, throwOnError: true, strict: "ignore" }),
);
process.stdout.write(JSON.stringify(shown));
