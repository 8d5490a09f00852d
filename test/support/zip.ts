import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { inflateRawSync } from 'node:zlib'

/** One file of a zip as its central directory tells it. */
export interface ZipEntry {
  readonly name: string
  /** Unix permissions, as 0o644. */
  readonly mode: number
  /** Local time as written, `YYYY-MM-DD hh:mm:ss`. */
  readonly time: string
  readonly contents: Buffer
}

const DIRECTORY_ENTRY = 0x02014b50
const DIRECTORY_END = 0x06054b50

/** Files of a zip in their order; for small zips without a comment, as the build makes them. */
export function readZip(zip: Buffer): ZipEntry[] {
  const end = zip.length - 22
  if (zip.readUInt32LE(end) !== DIRECTORY_END) throw new Error('no zip without a comment')
  const entries: ZipEntry[] = []
  let at = zip.readUInt32LE(end + 16)
  while (zip.readUInt32LE(at) === DIRECTORY_ENTRY) {
    const nameLength = zip.readUInt16LE(at + 28)
    entries.push({
      name: zip.toString('utf8', at + 46, at + 46 + nameLength),
      mode: (zip.readUInt32LE(at + 38) >>> 16) & 0o777,
      time: toTime(zip.readUInt16LE(at + 14), zip.readUInt16LE(at + 12)),
      contents: readContents(zip, zip.readUInt32LE(at + 42), zip.readUInt32LE(at + 20)),
    })
    at += 46 + nameLength + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32)
  }
  return entries
}

function readContents(zip: Buffer, at: number, size: number): Buffer {
  const start = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28)
  const packed = zip.subarray(start, start + size)
  return zip.readUInt16LE(at + 8) === 0 ? packed : inflateRawSync(packed)
}

function toTime(date: number, time: number): string {
  const day = [1980 + (date >> 9), (date >> 5) & 15, date & 31].map(toTwoDigits).join('-')
  return `${day} ${[time >> 11, (time >> 5) & 63, (time & 31) * 2].map(toTwoDigits).join(':')}`
}

const toTwoDigits = (number: number): string => String(number).padStart(2, '0')

/** Writes the files of a zip under `folder`. */
export async function unzip(path: string, folder: string): Promise<void> {
  for (const { name, contents } of readZip(await readFile(path))) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), contents)
  }
}
