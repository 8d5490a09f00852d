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

t.test('a program ends with the process that started it, even if that is killed', async t => {
  const folder = t.testdir({
    'start.ts': `import { startGuarded } from ${JSON.stringify(join(import.meta.dirname, 'guarded-process.ts'))}
const { pid } = await startGuarded('/bin/sleep', ['1000'], { logFile: import.meta.dirname + '/log' })
console.log(pid)
setInterval(() => {}, 1000)
`,
  })
  const parent = spawn(process.execPath, [join(folder, 'start.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [output] = (await once(parent.stdout, 'data')) as [Buffer]
  const pid = Number(output.toString())
  t.ok(isRunning(pid))
  parent.kill('SIGKILL')
  while (isRunning(pid)) await sleep(POLL_MS)
})
