import t from 'tap'
import { killEverywhere, verifyBlocks } from './_kill.ts'

for (const status of ['assigned', 'unassigned', 'error assigning', 'error unassigning'])
  t.test(`killed at any step of giving back a block that is ${status}, it goes in the end`, t =>
    killEverywhere(t, {
      prepare: ({ addBlock }) => addBlock({ id: 'block', status }),
      run: handler => handler.driveBack('block'),
      verify: (t, stage, where) => verifyBlocks(t, stage, where, []),
      passes: ['after putIpBlockTags', 'after deleteIpBlock'],
    }),
  )
