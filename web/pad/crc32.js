/** CRC-32 as in zip and PNG files (ISO/IEC 15948, annex D). */

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = rest & 1 ? 0xedb88320 ^ (rest >>> 1) : rest >>> 1;
  return rest;
});

/** The CRC-32 of a Uint8Array, as an unsigned number. */
export function crc32(bytes) {
  let rest = 0xffffffff;
  for (let place = 0; place < bytes.length; place += 1) rest = TABLE[(rest ^ bytes[place]) & 255] ^ (rest >>> 8);
  return (rest ^ 0xffffffff) >>> 0;
}
