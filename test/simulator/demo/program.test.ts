import t from 'tap'
import { createTurnableClock } from '../../../shared/simulator/clock.ts'
import type { ProgramRun } from '../../../shared/simulator/demo/contract.ts'
import { type Pass, startServe } from '../../../shared/simulator/demo/program.ts'

/** A `serve` that logs what it is told to, and ends when it is told to. */
function setUp() {
  const clock = createTurnableClock()
  const { promise, resolve } = Promise.withResolvers<number>()
  const passes: Pass[] = []
  const runs: { argv: readonly string[]; run: ProgramRun }[] = []
  const serving = startServe({
    args: ['--listen', '127.0.0.1:1'],
    env: { KUBECONFIG: 'file' },
    clock,
    signal: new AbortController().signal,
    onPass: pass => void passes.push(pass),
    run: (argv, run) => {
      runs.push({ argv, run })
      run.stop.addEventListener('abort', () => resolve(0))
      return promise
    },
  })
  return { clock, passes, serving, end: resolve, run: runs[0]?.run, argv: runs[0]?.argv }
}

const line = (state: string, changes: object): string =>
  `${JSON.stringify({ level: 'info', state, changes, requests: {}, durationMs: 3, msg: 'resync ended' })}\n`

t.test('reads complete passes out of its log, whatever the pieces', async t => {
  const { clock, passes, serving, run, argv } = setUp()
  t.strictSame(argv, ['serve', '--listen', '127.0.0.1:1'])
  const text = `not JSON\n${line('busy', {})}${line('complete', { initialise: 2 })}`
  run?.err(text.slice(0, 40))
  run?.err(text.slice(40))
  await serving.untilPass()
  await serving.untilPass('initialise')
  t.match(passes, [{ number: 1, state: 'complete', changes: { initialise: 2 }, durationMs: 3 }])
  t.equal(passes.length, 1)

  const waiting = t.rejects(serving.untilPass('deleteNode'), { name: 'StoryError', message: /deleteNode/ })
  await clock.turn(40_000)
  await waiting
  t.equal(await serving.stop(), 0)
})

t.test('says why it ended too early', async t => {
  const { serving, run, end } = setUp()
  run?.err('CCM_CONFIG_INVALID: settings\n')
  end(2)
  await new Promise(resolve => setImmediate(resolve))
  const message = /serve ended with exit code 2:\nCCM_CONFIG_INVALID: settings/
  await t.rejects(serving.untilPass(), { name: 'StoryError', message })
})
