import t from 'tap'
import { SHORT_METALLB_DEFINITIONS } from './announcer-definitions.ts'
import { metallbMissing, readMetalLBDefinitions } from './metallb.ts'

t.test('why MetalLB is missing', async t => {
  const empty = t.testdir({})
  const full = t.testdir({ 'metallb-controller': '' })
  t.match(metallbMissing('', {}), 'KUBEBUILDER_ASSETS')
  t.match(metallbMissing(`${empty}/none`, {}), 'needs metallb-controller in KUBEBUILDER_ASSETS')
  t.equal(metallbMissing(`${empty}/none`, { CCM_REQUIRE_KUBELETS: '1' }), false)
  t.equal(metallbMissing(full, {}), false)
})

t.test("MetalLB's own definitions are preferred to short ones", async t => {
  const folder = t.testdir({ 'metallb-crds': { 'a.yaml': 'kind: Own', 'README.md': '# Own' } })
  t.strictSame(readMetalLBDefinitions(folder), [{ kind: 'Own' }])
  t.equal(readMetalLBDefinitions(`${folder}/none`), SHORT_METALLB_DEFINITIONS)
  t.equal(readMetalLBDefinitions(''), SHORT_METALLB_DEFINITIONS)
})
