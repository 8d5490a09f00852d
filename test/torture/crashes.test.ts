import t from 'tap'
import type { Scenario } from '../../torture/crashes/contract.ts'
import { play } from '../../torture/crashes/play.ts'
import { FATES, repeat, runCrashes, SCENARIOS } from '../../torture/crashes/run.ts'
import { SERVICE_SCENARIOS } from '../../torture/crashes/service-scenarios.ts'
import { toTable } from '../../torture/crashes/table.ts'

t.setTimeout(120_000)

const [free] = SERVICE_SCENARIOS as [Scenario]
const UNDISTURBED = { mode: 'two', seed: 5, kills: [] } as const

t.test('a seed tells a scenario again, step by step', async t => {
  const first = await play(free, UNDISTURBED)
  t.ok(first.effects.length === 2 && first.effects.every(({ length }) => length > 0), 'both are at work')
  t.strictSame(await play(free, UNDISTURBED), first)
  t.notSame((await play(free, { ...UNDISTURBED, seed: 6 })).effects, first.effects, 'another one another')
})

t.test('who is killed does nothing any more, and another goes on', async t => {
  for (const fate of FATES) {
    const { effects, isStruck, faults } = await repeat({
      scenario: free.name,
      mode: 'one',
      seed: 1,
      kills: [{ who: 0, at: 1, fate }],
    })
    t.ok(isStruck)
    t.strictSame(faults, [])
    t.equal(effects.length, fate === 'not answered' ? 1 : 2, fate)
    if (fate !== 'not answered') t.equal(effects[0]?.length, 2, 'it comes no further')
  }
})

t.test('what went wrong is told with how to repeat it', async t => {
  const wrong: Scenario = { ...free, verify: () => ['it ended badly'], passes: [/^NEVER$/] }
  const rows = await Array.fromAsync(
    runCrashes({ scenarios: [wrong], mode: 'one', seeds: [1], share: 20, pairs: 20 }),
  )
  const text = toTable(rows)
  t.match(text, /^Service created, an address is free +one +1 +\d+ +\d+ +2 +\d +6 FAILED$/m)
  t.match(text, '"kills":[{"who":0,"at":0,"fate":"killed before"}]} at ')
  t.match(text, '  it ended badly')
  t.match(text, '/^NEVER$/ is not among its effects')
})

t.test('every scenario has a name of its own', async t => {
  t.equal(new Set(SCENARIOS.map(({ name }) => name)).size, SCENARIOS.length)
})
