import { gzipSync } from 'node:zlib'

/** A file of an archive. */
export interface TarEntry {
  /** Path within, in ASCII, at most 100 characters. */
  readonly name: string
  readonly contents: Uint8Array
}

const BLOCK = 512
const MODE = '0000644\0'
const ROOT_USER = '0000000\0'
/** Of the header: name, mode, uid, gid, size, mtime, checksum, type; then the magic (POSIX.1-1988, ustar). */
const FIELDS = {
  name: 0,
  mode: 100,
  uid: 108,
  gid: 116,
  size: 124,
  time: 136,
  checksum: 148,
  type: 156,
  magic: 257,
}
const MOST_NAME = 100
/** Operating system of a gzip header: unknown, whichever it is made on. */
const [GZIP_OS_AT, GZIP_OS] = [9, 255]

/**
 * A .tar.gz of files that belong to root, in the order of their names: equal files give equal bytes, whoever packs them.
 *
 * @param epoch seconds since 1970 that all files get
 */
export function toTarGz(entries: readonly TarEntry[], epoch: number): Buffer {
  const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const blocks = sorted.flatMap(entry => [toHeader(entry, epoch), entry.contents, toPadding(entry)])
  const packed = gzipSync(Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK)]), { level: 9 })
  packed[GZIP_OS_AT] = GZIP_OS
  return packed
}

function toHeader({ name, contents }: TarEntry, epoch: number): Buffer {
  if (!/^[\x21-\x7e]+$/.test(name) || name.length > MOST_NAME)
    throw new Error(`${name} is no name that this archive can hold`)
  const header = Buffer.alloc(BLOCK)
  header.write(name, FIELDS.name)
  header.write(MODE, FIELDS.mode)
  header.write(ROOT_USER, FIELDS.uid)
  header.write(ROOT_USER, FIELDS.gid)
  header.write(`${toOctal(contents.length)}\0`, FIELDS.size)
  header.write(`${toOctal(epoch)}\0`, FIELDS.time)
  header.write('0', FIELDS.type)
  header.write('ustar\x0000', FIELDS.magic)
  // The sum is made with blanks in its own place.
  header.write(' '.repeat(8), FIELDS.checksum)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, FIELDS.checksum)
  return header
}

const toOctal = (value: number): string => value.toString(8).padStart(11, '0')

const toPadding = ({ contents }: TarEntry): Buffer =>
  Buffer.alloc((BLOCK - (contents.length % BLOCK)) % BLOCK)
