import { readdir } from 'node:fs/promises'
import t from 'tap'
import { type DemoIo, runDemo } from '../../../shared/simulator/demo/main.ts'
import { startDemo } from './started.ts'

t.test('Ctrl-C ends it in peace, and nothing is left behind', async t => {
  const folder = t.testdir()
  const demo = startDemo(t, [], folder)
  await demo.until('booted')
  t.match(demo.text(), /kubectl --kubeconfig \S+ get nodes -o wide -w/)
  t.match(demo.text(), /kubectl --kubeconfig \S+ get services -w/)
  demo.interrupt()
  t.equal(await demo.ended, 0)
  t.match(demo.text(), /Ended: everything is closed/)
  t.strictSame(await readdir(folder), [])
})

/** An io whose program fails as `run` says. */
function createIo(run: DemoIo['run']): { io: DemoIo; lines: string[] } {
  const lines: string[] = []
  const out = (line: string): void => void lines.push(line)
  return { io: { out, err: out, signal: new AbortController().signal, colours: true, run }, lines }
}

t.test('what does not come out as told is said, and ends with 1', async t => {
  const { io, lines } = createIo(async (argv, { err }) => {
    err(`KUBE_FORBIDDEN: ${argv[0]} may not\n`)
    return 1
  })
  t.equal(await runDemo(['--once'], io), 1)
  const text = lines.join('\n')
  t.match(text, /did not come out as told/)
  t.match(text, /register ends with exit code 0, not 1:\nKUBE_FORBIDDEN: register may not/)
  t.ok(text.includes('\u001b[31m'), 'in red on a terminal')
})

t.test('refuses what it does not know', async t => {
  const { io } = createIo(async () => 0)
  await t.rejects(runDemo(['--twice'], io), { code: 'CCM_USAGE' })
})
