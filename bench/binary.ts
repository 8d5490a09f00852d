import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { build } from '../infra/build.ts'
import { createCertificates } from '../shared/simulator/certificates.ts'
import { buildTestBinary } from '../test/support/single-file.ts'
import { type Figure, toCount, toRatio } from './figure.ts'
import { inTurns } from './rounds.ts'
import { onStage, type Run, type Stage } from './stage.ts'

const RUNS = { full: 15, quick: 2 }
const REFERENCE = 'bare Node'
const ENTRY = join(import.meta.dirname, '../functions/main.ts')

type Program = readonly [command: string, ...args: string[]]

/**
 * The single file against Node itself, which runs nothing, and against the same program as a folder of modules: from the
 * start of the process until `version` has ended, and until `serve` says that it listens. They take turns, so that they
 * share the machine's moods.
 */
export const benchBinary = (run: Run): Promise<Figure[]> =>
  onStage(0, async stage => {
    const { path, size } = await buildTestBinary()
    const [server] = await build({ out: join(stage.folder, 'server-build'), functions: {}, server: ENTRY })
    const modules: Program = [process.execPath, join(server?.path ?? '', 'main.mjs')]
    const env = await toServeEnvironment(stage)
    const { bare, ...others } = await inTurns(run.quick ? RUNS.quick : RUNS.full, {
      bare: () => untilEnd([process.execPath, '-e', '0']),
      'single file, version': () => untilEnd([path, 'version']),
      'modules, version': () => untilEnd([...modules, 'version']),
      'single file, serve listens': () => untilServing([path, 'serve'], env),
      'modules, serve listens': () => untilServing([...modules, 'serve'], env),
    })
    return [
      ...Object.entries(others).map(([name, times]) =>
        toRatio({ name: `${name} / bare Node`, reference: REFERENCE }, times, bare),
      ),
      toCount(
        { name: 'single file, size / bare Node', unit: '×', reference: REFERENCE },
        size / (await stat(process.execPath)).size,
      ),
    ]
  })

async function toServeEnvironment({ folder, env }: Stage): Promise<NodeJS.ProcessEnv> {
  const { cert, key } = await createCertificates({ hosts: ['127.0.0.1'] })
  const [certFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')]
  await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)])
  return { ...env, PNAP_LISTEN: '127.0.0.1:0', PNAP_TLS_CERT: certFile, PNAP_TLS_KEY: keyFile }
}

async function untilEnd([command, ...args]: Program): Promise<number> {
  const begin = performance.now()
  const [code] = await once(spawn(command, args, { stdio: 'ignore' }), 'exit')
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}`)
  return performance.now() - begin
}

async function untilServing([command, ...args]: Program, env: NodeJS.ProcessEnv): Promise<number> {
  const begin = performance.now()
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env })
  const ended = once(child, 'exit')
  try {
    await untilLine(child, '"msg":"serving"')
    return performance.now() - begin
  } finally {
    child.kill('SIGKILL')
    await ended
  }
}

async function untilLine({ stderr }: ChildProcess, text: string): Promise<void> {
  const lines: string[] = []
  for await (const line of createInterface({ input: stderr ?? process.stdin })) {
    if (line.includes(text)) return
    lines.push(line)
  }
  throw new Error(`it ended without ${text}:\n${lines.join('\n')}`)
}
