import t from 'tap'
import { type Cases, create, read, runCases, testContract } from './contract.ts'

const SERVICES = '/api/v1/namespaces/default/services'

const RANGES: Cases = {
  'the ranges of a dual-stack cluster': [
    read('/apis/networking.k8s.io/v1/servicecidrs/kubernetes'),
    create(SERVICES, { metadata: { name: 'any' }, spec: { ports: [{ port: 80 }] } }),
  ],
}

testContract(t, 'dual-stack', { dualStack: true }, async (t, contract) => {
  await runCases(t, contract, RANGES)
  await t.test('its own Service has one family', async t => {
    const { body } = await contract.api().call({ method: 'GET', path: `${SERVICES}/kubernetes` })
    t.match(body, {
      spec: { clusterIPs: ['10.96.0.1'], ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' },
    })
  })
})
