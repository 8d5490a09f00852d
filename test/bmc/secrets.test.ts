import t from 'tap'
import { createSecrets } from '../../shared/bmc/secrets.ts'
import { secretForms } from '../../shared/log.ts'

t.test('the last sixteen are known, each once', async t => {
  const secrets = createSecrets()
  for (let number = 1; number <= 17; number += 1) secrets.add(`s${number}`)
  secrets.add('s2')
  t.equal(secrets.values().filter(text => /^s\d+$/.test(text)).length, 16)
  t.notOk(secrets.values().includes('s1'))
  secrets.add('s18')
  t.ok(secrets.values().includes('s2'), 'one used again counts as new')
  t.notOk(secrets.values().includes('s3'))
})

t.test('a secret is known in its encoded forms as well', async t => {
  const secrets = createSecrets()
  secrets.add('p@ss w(rd')
  t.strictSame(secrets.values(), secretForms('p@ss w(rd'))
  for (const form of ['p@ss w(rd', 'p%40ss%20w(rd', 'p%40ss+w%28rd', 'cEBzcyB3KHJk', '7040737320772872'])
    t.ok(
      secrets.values().some(text => text.startsWith(form)),
      form,
    )
})
