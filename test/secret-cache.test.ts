import t from 'tap'
import { CcmError } from '../shared/errors.ts'
import { readSecretArn } from '../shared/secret-arn.ts'
import { createSecretCache } from '../shared/secret-cache.ts'
import { createTurnableClock } from '../shared/simulator/clock.ts'
import { PARAMETER_ARN, SECRET_ARN } from './support/fake-secrets.ts'

function createBench() {
  const clock = createTurnableClock()
  const store = {
    text: 'one',
    fetched: 0,
    failure: undefined as Error | undefined,
    flight: Promise.resolve(),
  }
  const read = createSecretCache({
    clock,
    async fetchSecret() {
      store.fetched += 1
      await store.flight
      if (store.failure) throw store.failure
      return store.text
    },
  })
  const [arn, other] = [readSecretArn(SECRET_ARN), readSecretArn(PARAMETER_ARN)]
  if (!arn || !other) throw new Error('no ARN')
  return { clock, store, read: (refused = false, of = arn) => read(of, refused), other }
}

t.test('it is read once, and again after five minutes', async t => {
  const { clock, store, read, other } = createBench()
  t.strictSame(await Promise.all([read(), read()]), [
    { text: 'one', failure: undefined },
    { text: 'one', failure: undefined },
  ])
  store.text = 'two'
  await clock.turn(299_999)
  t.match(await read(), { text: 'one' })
  t.equal(store.fetched, 1)
  await clock.turn(1)
  t.match(await read(), { text: 'two' })
  t.match(await read(false, other), { text: 'two' }, 'each for itself')
  t.equal(store.fetched, 3)
})

t.test('a refusal looks at once, a flood of them every five seconds', async t => {
  const { clock, store, read } = createBench()
  await read()
  await clock.turn(5_000)
  store.text = 'two'
  for (let i = 0; i < 1_000; i += 1) t.match(await read(true), { text: 'two' })
  t.equal(store.fetched, 2)
  await clock.turn(4_999)
  await read(true)
  t.equal(store.fetched, 2)
  await clock.turn(1)
  await read(true)
  t.equal(store.fetched, 3)
})

t.test('whoever was not refused does not wait for a look after a refusal', async t => {
  const { clock, store, read } = createBench()
  await read()
  await clock.turn(5_000)
  const hang = Promise.withResolvers<void>()
  store.flight = hang.promise
  store.text = 'two'
  const refused = [read(true), read(true)]
  t.match(await read(), { text: 'one' })
  hang.resolve()
  t.match(await Promise.all(refused), [{ text: 'two' }, { text: 'two' }])
  t.equal(store.fetched, 2)
})

t.test('a store that fails keeps the last known text, and is left alone for a while', async t => {
  const { clock, store, read } = createBench()
  await read()
  store.failure = new CcmError('SECRET_FORBIDDEN', 'no more')
  await clock.turn(300_000)
  t.match(await read(), { text: 'one', failure: { code: 'SECRET_FORBIDDEN' } })
  await clock.turn(29_999)
  t.match(await read(), { text: 'one', failure: { code: 'SECRET_FORBIDDEN' } })
  t.equal(store.fetched, 2)
  store.failure = undefined
  store.text = 'two'
  await clock.turn(1)
  t.strictSame(await read(), { text: 'two', failure: undefined })
})

t.test('without a known text the failure is told, and the store asked again', async t => {
  const { clock, store, read } = createBench()
  store.failure = new TypeError('odd')
  await t.rejects(read(), { code: 'SECRET_UNREACHABLE' })
  await t.rejects(read(), { code: 'SECRET_UNREACHABLE' })
  t.equal(store.fetched, 1, 'callers come faster than stores mend')
  store.failure = undefined
  await clock.turn(5_000)
  t.match(await read(), { text: 'one' })
})
