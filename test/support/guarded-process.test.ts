import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { readLogTail, startGuarded } from './guarded-process.ts'

const POLL_MS = 10

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

t.test('a program runs, writes its log and is stopped', async t => {
  const logFile = join(t.testdir({}), 'log')
  const program = await startGuarded('/bin/sh', ['-c', 'echo out; echo err >&2; exec sleep 1000'], {
    logFile,
  })
  t.ok(isRunning(program.pid))
  t.notOk(program.hasExited())
  while (!/out[^]*err/.test(await readLogTail(logFile))) await sleep(POLL_MS)
  await program.stop()
  t.ok(program.hasExited())
  t.notOk(isRunning(program.pid))
  await program.stop()
})

t.test('a program that ends by itself, and one that is not there', async t => {
  const logFile = join(t.testdir({}), 'log')
  const brief = await startGuarded('/bin/sh', ['-c', 'exit 3'], { logFile })
  await brief.exited
  t.ok(brief.hasExited())
  const absent = await startGuarded(join(t.testdir({}), 'none'), [], { logFile })
  await absent.exited
  t.match(await readLogTail(logFile), 'none')
})

/** How a run of tests may be ended from outside: this process alone, or its whole group, as `timeout` and Ctrl-C do it. */
const ENDINGS = {
  'the process is killed': (pid: number) => process.kill(pid, 'SIGKILL'),
  'its group is asked to end, to which the program does not listen': (pid: number) =>
    process.kill(-pid, 'SIGTERM'),
}
for (const [name, end] of Object.entries(ENDINGS))
  t.test(`a program ends with the process that started it when ${name}`, async t => {
    const guarded = join(import.meta.dirname, 'guarded-process.ts')
    const folder = t.testdir({
      'start.ts': `import { startGuarded } from ${JSON.stringify(guarded)}
const options = { logFile: import.meta.dirname + '/log' }
const { pid } = await startGuarded('/bin/sh', ['-c', 'trap "" TERM; exec sleep 1000'], options)
console.log(pid)
setInterval(() => {}, 1000)
`,
    })
    const parent = spawn(process.execPath, [join(folder, 'start.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    const [output] = (await once(parent.stdout, 'data')) as [Buffer]
    const pid = Number(output.toString())
    t.ok(isRunning(pid))
    end(parent.pid ?? 0)
    while (isRunning(pid)) await sleep(POLL_MS)
  })
