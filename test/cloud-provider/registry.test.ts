import t from 'tap'
import type { Cloud } from '../../shared/cloud-provider/contract.ts'
import { createRegistry } from '../../shared/cloud-provider/registry.ts'
import { createFakeCloud } from '../controllers/_stage.ts'

t.test('a provider is found by its name, and initialised with what is given', async t => {
  const registry = createRegistry<{ region: string }>()
  const initialised: unknown[] = []
  const cloud: Cloud = createFakeCloud()
  registry.register('one', config => {
    initialised.push(config)
    return cloud
  })
  registry.register('two', () => {
    throw new Error('nobody asked for it')
  })
  t.strictSame(registry.names(), ['one', 'two'])
  t.strictSame(initialised, [], 'registering initialises nothing')
  t.equal(registry.get('one', { region: 'PHX' }), cloud)
  t.strictSame(initialised, [{ region: 'PHX' }])
})

t.test('an unknown name is refused with those that are known', async t => {
  const registry = createRegistry<undefined>()
  registry.register('one', () => createFakeCloud())
  t.throws(() => registry.get('two', undefined), { code: 'CCM_PROVIDER_UNKNOWN', message: /'two'.*one/ })
})

t.test('two registries know nothing of each other', async t => {
  createRegistry().register('one', () => createFakeCloud())
  t.strictSame(createRegistry().names(), [])
})
