import { readdir } from 'node:fs/promises'
import t from 'tap'
import { startDemo } from './started.ts'

t.test('--once tells the story and ends with 0', async t => {
  const folder = t.testdir()
  const demo = startDemo(t, ['--once'], folder)
  t.equal(await demo.ended, 0)
  const text = demo.text()
  t.match(text, /worker-1 +joined, initialised before any client saw it .* \d+ ms/)
  t.match(text, /worker-3 +joined tainted/)
  t.match(text, /worker-3 +initialised by audit and reconcile/)
  t.match(text, /worker-1 +got the shutdown taint/)
  t.match(text, /pass \d+ .*markMissing/)
  t.match(text, /worker-1 +Ready, and the shutdown taint is gone/)
  t.match(text, /Deleting node worker-2 because it does not exist in the cloud provider/)
  t.match(text, /Everything came out as told\./)
  t.ok(!text.includes('\u001b'), 'no colours without a terminal')

  for (const name of ['worker-1', 'worker-3', 'worker-4']) {
    t.match(text, new RegExp(`${name} +True +yes +s2\\.c1\\.medium +PHX +\\S+ +\\S+ +phoenixnap://\\w+`))
  }
  t.match(text, /stranger +False +no +- /)
  t.notMatch(text, /^ +worker-2 +(True|False|Unknown) /m, 'the deleted node is not there at the end')
  t.match(text, /saw \d+ versions of the 3 nodes that the webhook reviewed; 0 of them were uninitialised/)
  t.strictSame(await readdir(folder), [], 'nothing is left behind')
})
