import t from 'tap'
import { killEverywhere, verifyBlocks } from './_kill.ts'
import { POST_BLOCK } from './_stage.ts'

t.test('killed at any step of buying, the next run ends with just the block that is needed', t =>
  killEverywhere(t, {
    prepare: () => undefined,
    run: handler => handler.drive(12),
    verify: (t, stage, where) => {
      verifyBlocks(t, stage, where, ['/28'])
      t.ok(stage.bmc.requests.count(POST_BLOCK) <= 1, where)
    },
    passes: ['after set intent', 'after createIpBlock', 'before forget intent', 'after assignIpBlock'],
  }),
)
