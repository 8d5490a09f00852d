import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from '../infra/build.ts'
import { LAMBDA_NODE } from '../test/support/offline.ts'
import { unzip } from '../test/support/zip.ts'
import { toReview } from './admission.ts'
import { type Figure, median, nodeName, type Stage, TOKEN } from './stage.ts'

const NAMES = ['admission', 'audit'] as const
const STARTS = 21
const ANSWERS = 9

/**
 * Starts of fresh processes against a bare Node's: importing the bundle, and the first answer with all that it loads.
 * Kinds alternate, so that they share the machine's moods.
 */
export async function benchColdStart(stage: Stage): Promise<Figure[]> {
  const scripts = await prepare(stage)
  const starts = await measure(stage, [['bare', ['-e', '0']], ...scripts.imports], STARTS)
  const answers = await measure(stage, [['bare', ['-e', '0']], ...scripts.answers], ANSWERS)
  return NAMES.flatMap(name => [
    {
      name: `cold start, import of ${name} / bare Node`,
      value: ratio(starts, name),
      unit: '×',
      budget: { atMost: 2 },
    },
    { name: `cold start, first answer of ${name} / bare Node`, value: ratio(answers, name), unit: '×' },
  ])
}

const entry = (name: string): string => join(import.meta.dirname, `../functions/${name}.ts`)

type Command = readonly [name: string, args: readonly string[]]

async function prepare({ folder }: Stage): Promise<{ imports: Command[]; answers: Command[] }> {
  const functions = Object.fromEntries(NAMES.map(name => [name, entry(name)]))
  const imports: Command[] = []
  const answers: Command[] = []
  for (const { name, path } of await build({ out: join(folder, 'build'), functions })) {
    const code = join(folder, name)
    await unzip(path, code)
    const bundle = pathToFileURL(join(code, `${name}.mjs`)).href
    const [start, answer] = [join(folder, `${name}-import.mjs`), join(folder, `${name}-answer.mjs`)]
    await writeFile(start, `import ${JSON.stringify(bundle)}\n`)
    await writeFile(answer, toAnswerScript(bundle, toEvent(name)))
    imports.push([name, [start]])
    answers.push([name, [answer]])
  }
  return { imports, answers }
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

/** Milliseconds of each run, by name. */
async function measure(
  stage: Stage,
  commands: readonly Command[],
  runs: number,
): Promise<Map<string, number[]>> {
  const times = new Map(commands.map(([name]) => [name, [] as number[]]))
  for (let run = 0; run < runs; run++) {
    for (const [name, args] of commands) times.get(name)?.push(await runOnce(stage, args))
  }
  return times
}

function runOnce({ env }: Stage, args: readonly string[]): Promise<number> {
  const begin = performance.now()
  const child = spawn(LAMBDA_NODE, args, { env: { ...process.env, ...env }, stdio: 'ignore' })
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', code => {
      if (code === 0) resolve(performance.now() - begin)
      else reject(new Error(`a measured start ended with ${code}: ${args.join(' ')}`))
    })
  })
}

const ratio = (times: Map<string, number[]>, name: string): number =>
  median(times.get(name) ?? []) / median(times.get('bare') ?? [])
