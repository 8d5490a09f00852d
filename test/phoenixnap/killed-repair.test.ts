import t from 'tap'
import { killEverywhere, verifyBlocks } from './_kill.ts'

t.test('killed at any step of a repair, the block is assigned in the end', t =>
  killEverywhere(t, {
    prepare: ({ addBlock }) =>
      addBlock({ status: 'error assigning', tags: [{ name: 'delete', value: 'true' }] }),
    run: async (handler, { blocks, clock }) => {
      for (let round = 0; blocks().some(({ status }) => status !== 'assigned') && round < 20; round += 1) {
        await handler.ensure({ inUse: blocks().map(({ id }) => id) })
        await clock.turn(5_000)
      }
    },
    verify: (t, stage, where) => {
      verifyBlocks(t, stage, where, ['/29'])
      t.notOk(
        stage.blocks()[0]?.tags?.some(({ name }) => name === 'delete'),
        where,
      )
    },
    passes: ['after putIpBlockTags', 'after unassignIpBlock', 'after assignIpBlock'],
  }),
)
