import t from 'tap'
import { killEverywhere, verifyBlocks } from './_kill.ts'

t.test('killed at any step of buying several, none is bought twice', t =>
  killEverywhere(t, {
    prepare: () => undefined,
    run: handler => handler.drive(20),
    verify: (t, stage, where) => verifyBlocks(t, stage, where, ['/28', '/28']),
    passes: ['after createIpBlock'],
  }),
)
