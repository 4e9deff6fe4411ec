// Two proxies of each picture that a line names, as a service would make them that knows sharp well: one warm process, one
// decode for both, upright, in sRGB. Answers each line with the milliseconds it took and the most memory so far, in KiB.
//
// A line of three words is a picture and the two results; one of two, a picture and the reference for its quality: scaled
// from all of its pixels, without loss.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import sharp from "sharp";

const JPEG = { quality: 80, chromaSubsampling: "4:2:0" };

async function proxies(from, large, small) {
  const decoded = sharp(from, { limitInputPixels: false }).autoOrient().toColourspace("srgb");
  const fit = (image, side) => image.resize(side, side, { fit: "inside", withoutEnlargement: true });
  // The larger one as pixels, of which the smaller one is made.
  const { data, info } = await fit(decoded, 2048).flatten({ background: "white" }).raw().toBuffer({ resolveWithObject: true });
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } };
  await Promise.all([
    sharp(data, raw).jpeg(JPEG).toFile(large),
    fit(sharp(data, raw), 1024).jpeg(JPEG).toFile(small),
  ]);
}

async function reference(from, to) {
  // Decoded to pixels first, lest the decoder scales.
  const { data, info } = await sharp(from, { limitInputPixels: false }).autoOrient().toColourspace("srgb")
    .flatten({ background: "white" }).raw().toBuffer({ resolveWithObject: true });
  const raw = { raw: { width: info.width, height: info.height, channels: info.channels } };
  await sharp(data, { ...raw, limitInputPixels: false }).resize(2048, 2048, { fit: "inside", kernel: "lanczos3" })
    .png({ compressionLevel: 1 }).toFile(to);
}

for await (const line of createInterface({ input: process.stdin })) {
  const words = line.split("\t");
  const began = performance.now();
  await (words.length === 3 ? proxies(...words) : reference(...words));
  const took = performance.now() - began;
  const peak = /VmHWM:\s+(\d+)/.exec(readFileSync("/proc/self/status", "utf8"))[1];
  console.log(`${took} ${peak}`);
}
