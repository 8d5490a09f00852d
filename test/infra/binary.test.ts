import { createHash } from 'node:crypto'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { buildBinary } from '../../infra/binary/executable.ts'
import {
  hostPlatform,
  PLATFORMS,
  type Platform,
  toBinaryName,
  toPlatformName,
} from '../../infra/binary/platform.ts'
import { buildTestBinary, TEST_VERSION } from '../support/single-file.ts'

// The first run fetches three packages of 55 MB.
t.setTimeout(220_000)

const ROOT = join(import.meta.dirname, '../..')
const HEADER_BYTES = 64
/** Changed from 0 to 1 where a program has another one in it. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2:'

/** ELF: class 64, little endian, e_machine. Mach-O: magic of 64 bits, cputype, filetype. */
const HEADERS: Readonly<Record<string, (header: Buffer) => object>> = {
  linux: header => ({
    magic: header.toString('latin1', 0, 4),
    bits: header[4] === 2 ? 64 : 32,
    processor: { 0x3e: 'amd64', 0xb7: 'arm64' }[header.readUInt16LE(18)],
  }),
  darwin: header => ({
    magic: header.readUInt32LE(0).toString(16),
    bits: 64,
    processor: { 0x01000007: 'amd64', 0x0100000c: 'arm64' }[header.readUInt32LE(4)],
    kind: header.readUInt32LE(12) === 2 ? 'program' : 'another file',
  }),
}

const EXPECTED: Readonly<Record<Platform['os'], object>> = {
  linux: { magic: '\x7fELF', bits: 64 },
  darwin: { magic: 'feedfacf', bits: 64, kind: 'program' },
}

async function readHeader(path: string): Promise<Buffer> {
  const file = await open(path)
  const { buffer } = await file.read(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
  await file.close()
  return buffer
}

for (const platform of PLATFORMS) {
  t.test(`the single file for ${toPlatformName(platform)}`, async t => {
    const { path, size, signature } = await buildTestBinary(platform)
    t.ok(path.endsWith(`/${toBinaryName(platform)}`))
    t.strictSame(HEADERS[platform.os]?.(await readHeader(path)), {
      ...EXPECTED[platform.os],
      processor: platform.arch,
    })
    const bytes = await readFile(path)
    t.equal(bytes.length, size)
    const at = bytes.indexOf(FUSE)
    t.ok(at > 0, 'it is a Node that can hold a program')
    t.equal(bytes.toString('latin1', at + FUSE.length, at + FUSE.length + 1), '1', 'and holds one')
    if (platform.os === 'darwin' && signature.by === undefined)
      t.match(
        signature.todo?.('/tmp/file'),
        /codesign --force --sign - \/tmp\/file\n.*rcodesign sign \/tmp\/file/,
      )
    else t.equal(signature.todo, undefined)
  })
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex')
}

t.test('equal sources give equal bytes, wherever they are built', async t => {
  const here = await buildTestBinary()
  const there = await buildTestBinary(hostPlatform(), join(t.testdir(), 'elsewhere'))
  t.not(there.path, here.path)
  t.equal(await digest(there.path), await digest(here.path))
})

t.test('what is built already is used again', async t => {
  const platform = { os: 'linux', arch: 'amd64' } as const
  const first = await buildTestBinary(platform)
  const options = {
    root: ROOT,
    version: TEST_VERSION,
    run: () => Promise.reject(new Error('a tool was run')),
  }
  t.equal((await buildBinary(platform, options)).path, first.path)
})
