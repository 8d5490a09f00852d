import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build, FUNCTIONS } from '../infra/build.ts'
import { LAMBDA_NODE } from '../test/support/offline.ts'
import { unzip } from '../test/support/zip.ts'
import { toReview } from './admission.ts'
import { type Budget, type Figure, toMeasured, toRatio } from './figure.ts'
import { inTurns, type Measurement } from './rounds.ts'
import { nodeName, onStage, type Run, type Stage, TOKEN } from './stage.ts'

type Name = (typeof FUNCTIONS)[number]

const FULL = { starts: 21, answers: 9 }
const QUICK = { starts: 3, answers: 2 }
const ANSWERED = ['admission', 'audit'] as const
/** These answer somebody who waits; the others may load more. */
const BUDGETS: Readonly<Partial<Record<Name, { atMost: number }>>> = {
  admission: { atMost: 2 },
  audit: { atMost: 2 },
}
const BARE = 'bare Node'
const EMPTY = 'a handler that does nothing'

/**
 * Starts of fresh processes, from the start of the process to its end: importing each function's bundle, against Node that runs
 * nothing and against a bundle with a handler that does nothing; and the first answer with all that it loads.
 * `CCM_LAMBDA_NODE` names the Node of the functions' runtime.
 */
export const benchColdStart = (run: Run): Promise<Figure[]> =>
  onStage(0, async stage => {
    const scripts = await prepare(stage)
    const { starts, answers } = run.quick ? QUICK : FULL
    const start =
      (...args: string[]): Measurement<Start> =>
      () =>
        runOnce(stage, args)
    const bare = start('-e', '0')
    const imports = await inTurns(starts, {
      bare,
      empty: start(scripts.empty),
      ...Object.fromEntries(FUNCTIONS.map(name => [name, start(scripts.imports(name))])),
    })
    const firsts = await inTurns(answers, {
      bare,
      ...Object.fromEntries(ANSWERED.map(name => [name, start(scripts.answers(name))])),
    })
    const { version } = await describe(stage)
    const bareStarts = { 'bare Node': { reference: BARE, starts: imports.bare } }
    const both = { ...bareStarts, 'empty handler': { reference: EMPTY, starts: imports.empty } }
    return [
      toMeasured(
        { name: `cold start, bare Node ${version}: CPU time`, unit: 'ms' },
        imports.bare.map(({ cpuMs }) => cpuMs),
      ),
      ...toRows('empty handler', imports.empty, bareStarts),
      ...FUNCTIONS.flatMap(name =>
        toRows(`import of ${name}`, imports[name as keyof typeof imports], both, BUDGETS[name]),
      ),
      ...ANSWERED.flatMap(name =>
        toRows(`first answer of ${name}`, firsts[name as keyof typeof firsts], {
          'bare Node': { reference: BARE, starts: firsts.bare },
        }),
      ),
    ]
  })

const UNITS = { ms: 'time', cpuMs: 'CPU time' } as const

type Others = Readonly<Record<string, { readonly reference: string; readonly starts: readonly Start[] }>>

/** @param budget of CPU time against bare Node */
function toRows(name: string, ours: readonly Start[], others: Others, budget?: Budget): Figure[] {
  return Object.entries(others).flatMap(([other, { reference, starts }]) => {
    const of = (what: keyof Start, limit?: Budget): Figure =>
      toRatio(
        { name: `cold start, ${name}: ${UNITS[what]} / ${other}`, reference, budget: limit },
        ours.map(one => one[what]),
        starts.map(one => one[what]),
      )
    return [of('cpuMs', other === 'bare Node' ? budget : undefined), of('ms')]
  })
}

const entry = (name: string): string => join(import.meta.dirname, `../functions/${name}.ts`)

interface Scripts {
  readonly empty: string
  readonly imports: (name: Name) => string
  readonly answers: (name: (typeof ANSWERED)[number]) => string
}

async function prepare({ folder }: Stage): Promise<Scripts> {
  const empty = join(folder, 'empty.ts')
  await writeFile(empty, 'export const handler = async () => ({ statusCode: 200 })\n')
  const functions = { ...Object.fromEntries(FUNCTIONS.map(name => [name, entry(name)])), empty }
  const at = (name: string, kind: string): string => join(folder, `${name}-${kind}.mjs`)
  for (const { name, path } of await build({ out: join(folder, 'build'), functions })) {
    const code = join(folder, name)
    await unzip(path, code)
    const bundle = pathToFileURL(join(code, `${name}.mjs`)).href
    await writeFile(at(name, 'import'), `import ${JSON.stringify(bundle)}\n`)
    await writeFile(at(name, 'answer'), toAnswerScript(bundle, toEvent(name)))
  }
  return {
    empty: at('empty', 'import'),
    imports: name => at(name, 'import'),
    answers: name => at(name, 'answer'),
  }
}

/** An event of an HTTP API with payload format 2.0. */
function toEvent(name: string): object {
  const audit = { apiVersion: 'audit.k8s.io/v1', kind: 'EventList', items: [] }
  return {
    version: '2.0',
    rawPath: `/${name}`,
    rawQueryString: 'timeout=10s',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    requestContext: { http: { method: 'POST', path: `/${name}` } },
    body: name === 'admission' ? toReview(nodeName(0)) : JSON.stringify(audit),
    isBase64Encoded: false,
  }
}

const toAnswerScript = (bundle: string, event: object): string => `
  import { handler } from ${JSON.stringify(bundle)}
  const answer = await handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 10_000 })
  process.exit(answer.statusCode === 200 ? 0 : 1)
`

/** One process from its start to its end. */
interface Start {
  readonly ms: number
  /** What does not depend on what else the machine does. */
  readonly cpuMs: number
}

/** Tells the CPU time of a started process, whatever it runs. */
const TELL = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs'
  process.on('exit', () => {
    const { user, system } = process.cpuUsage()
    writeSync(3, String(user + system))
  })
`)}`

function runOnce({ env }: Stage, args: readonly string[]): Promise<Start> {
  const begin = performance.now()
  const child = spawn(LAMBDA_NODE, ['--import', TELL, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  })
  return new Promise((resolve, reject) => {
    let [told, ms] = ['', Number.NaN]
    child.on('exit', () => {
      ms = performance.now() - begin
    })
    child.stdio[3]?.on('data', (chunk: Buffer) => {
      told += chunk.toString()
    })
    child.on('error', reject).on('close', code => {
      if (code === 0) resolve({ ms, cpuMs: Number(told) / 1000 })
      else reject(new Error(`a measured start ended with ${code}: ${args.join(' ')}`))
    })
  })
}

/** Which Node it is that runs the functions here. */
function describe({ env }: Stage): Promise<{ readonly version: string }> {
  const child = spawn(LAMBDA_NODE, ['--version'], { env: { ...process.env, ...env } })
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.on('error', reject).on('exit', () => resolve({ version: text.trim().replace(/^v/, '') }))
  })
}
