// Draws portraits: one JSON object of DiceBear options per line of standard input becomes
// 64 x 64 x 3 bytes of RGB on standard output. Nothing here is random.
import { readFileSync, writeSync } from "node:fs";
import { createAvatar } from "@dicebear/core";
import * as personas from "@dicebear/personas";
import { Resvg } from "@resvg/resvg-js";

const SIZE = 64;

// The art lightens faces, beards and curls by an "overlay" inside a masked group. SVG isolates such
// a group, so the overlay meets nothing and turns into a grey veil, which ruins dark skin and hair.
// Masking each path instead of the group lets it blend with what lies below, as the artist drew it.
const MASKED_GROUP = /<g mask="(url\(#(?!viewboxMask)[^"]+)">(.*?)<\/g>/g;
const unveil = (svg) =>
  svg.replace(MASKED_GROUP, (_, mask, paths) => paths.replaceAll("<path ", `<path mask="${mask}" `));

function rgb(options) {
  const svg = unveil(createAvatar(personas, options).toString());
  const fitTo = { mode: "width", value: SIZE };
  const { pixels } = new Resvg(svg, { fitTo, font: { loadSystemFonts: false } }).render(); // RGBA
  const out = Buffer.alloc(SIZE * SIZE * 3);
  for (let i = 0; i < SIZE * SIZE; i++) pixels.copy(out, 3 * i, 4 * i, 4 * i + 3);
  return out;
}

for (const line of readFileSync(0, "utf8").trim().split("\n")) {
  const out = rgb(JSON.parse(line));
  for (let written = 0; written < out.length; ) written += writeSync(1, out, written);
}
