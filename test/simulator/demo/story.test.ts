import { readdir } from 'node:fs/promises'
import t from 'tap'
import { LIMIT_MS, startDemo } from './started.ts'

t.setTimeout(LIMIT_MS + 10_000)

const ADDRESS = String.raw`198\.19\.\d+\.\d+`

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
  t.match(text, /web +created; waits, and kube-vip passes it over/)
  t.match(text, /block 1 +\S+\/29 is assigned/)
  for (const name of ['web', 'api', 'mail', 'chat'])
    t.match(text, new RegExp(`${name} +EXTERNAL-IP ${ADDRESS}`))
  for (const name of ['shop', 'docs'])
    t.match(text, new RegExp(`${name} +created with ${ADDRESS} .* \\d+ ms +\\d+ {2}\\d+ r \\d+ w`))
  t.match(text, /web +created again: the same address/)
  t.match(text, /block 2 +\S+\/28 is assigned/)
  t.match(text, new RegExp(`chat +deleted: ${ADDRESS} is released, and rests`))
  t.match(text, new RegExp(`chat +its address ${ADDRESS} is free again`))
  t.match(text, /block 2 +\S+\/28 is given back to BMC/)
  t.match(text, /block 2 +nothing of it is left in BMC or the cluster/)
  t.match(text, /Everything came out as told\./)
  t.ok(!text.includes('\u001b'), 'no colours without a terminal')

  for (const name of ['worker-1', 'worker-3', 'worker-4']) {
    t.match(text, new RegExp(`${name} +True +yes +s2\\.c1\\.medium +PHX +\\S+ +\\S+ +phoenixnap://\\w+`))
  }
  t.match(text, /stranger +False +no +- /)
  t.notMatch(text, /^ +worker-2 +(True|False|Unknown) /m, 'the deleted node is not there at the end')
  const served = text.matchAll(new RegExp(`^ +(\\w+) +LoadBalancer +10\\.96\\.\\S+ +(${ADDRESS})$`, 'gm'))
  const addresses = new Map([...served].map(([, name, address]) => [name, address]))
  t.strictSame([...addresses.keys()], ['api', 'docs', 'mail', 'shop', 'web'])
  t.equal(new Set(addresses.values()).size, 5, 'an address for each')
  t.match(text, /2 blocks with 8 and 16 addresses were bought, 1 of them was given back/)
  t.match(text, /5 Services share the 8 addresses that are left: 1\.60 bought per Service/)
  t.match(text, /saw \d+ versions of the 3 nodes that the webhook reviewed; 0 of them were uninitialised/)
  t.strictSame(await readdir(folder), [], 'nothing is left behind')
})
