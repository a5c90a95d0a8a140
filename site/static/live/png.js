// A picture as PNG that says where it comes from, as course_lib/studio/provenance.py writes it.

import { paint } from "./frame.js";

const SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia";
const XMP =
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  '<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">' +
  `<Iptc4xmpExt:DigitalSourceType>${SOURCE}</Iptc4xmpExt:DigitalSourceType></rdf:Description></rdf:RDF></x:xmpmeta>`;
const SIDE = 512; // pixels, about

const TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function checksum(bytes) {
  let c = 0xffffffff;
  for (const byte of bytes) c = TABLE[(c ^ byte) & 255] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

/** A chunk iTXt: international text under a name. */
function chunk(name, text) {
  const body = new TextEncoder().encode(`iTXt${name}\0\0\0\0\0${text}`);
  const out = new Uint8Array(body.length + 8);
  const view = new DataView(out.buffer);
  view.setUint32(0, body.length - 4);
  out.set(body, 4);
  view.setUint32(4 + body.length, checksum(body));
  return out;
}

/** Return the bytes of a PNG, enlarged so that its pixels stay squares. */
export async function encoded(image, facts) {
  const [small, large] = [document.createElement("canvas"), document.createElement("canvas")];
  paint(small, image);
  const times = Math.max(1, Math.floor(SIDE / small.width));
  large.width = times * small.width;
  large.height = times * small.height;
  const pen = large.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, 0, 0, large.width, large.height);
  const blob = await new Promise((resolve) => large.toBlob(resolve, "image/png"));
  const bytes = new Uint8Array(await blob.arrayBuffer());
  // ASCII alone, as the course's own files: Python's json.dumps writes other letters so.
  const text = JSON.stringify(facts).replace(/[\u007f-\uffff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const head = 8 + 25; // the signature and the first chunk, IHDR
  return new Blob([bytes.subarray(0, head), chunk("course_lib", text), chunk("XML:com.adobe.xmp", XMP), bytes.subarray(head)], { type: "image/png" });
}

export async function save(image, facts, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await encoded(image, facts));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
