import t from 'tap'
import { createAgents } from '../../shared/bmc/agents.ts'

t.test('one pair of agents for each protocol', async t => {
  const agents = createAgents()
  const plain = new URL('http://a.test/')
  const secure = new URL('https://a.test/')
  const kept = await agents.for(secure, false)
  const fresh = await agents.for(secure, true)
  t.equal(await agents.for(new URL('https://b.test/x'), false), kept)
  t.equal(await agents.for(secure, true), fresh)
  t.not(kept, fresh)
  t.match(kept, { keepAlive: true, protocol: 'https:' })
  t.match(fresh, { keepAlive: false, protocol: 'https:' })
  t.match(await agents.for(plain, false), { keepAlive: true, protocol: 'http:' })
  t.equal(agents.reuses(), 0)
  agents.close()
})
