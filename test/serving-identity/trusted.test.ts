import t from 'tap'
import { createCertificates, LIFE_MS } from '../../shared/certificates.ts'
import { FOREIGN_MS, followTrust, isSameTrust, NO_TRUST } from '../../shared/serving-identity/trusted.ts'

const NOW = Date.UTC(2026, 0, 1)
const make = async (): Promise<string> => (await createCertificates({ hosts: ['a'], now: NOW })).ca
const [mine, next, theirs] = [await make(), await make(), await make()]

t.test('an authority of another host stays beside ours for a day', async t => {
  const first = followTrust(NO_TRUST, mine, theirs, NOW)
  t.ok(isSameTrust(first.ca ?? '', mine + theirs))
  const later = followTrust(first.memory, mine, mine + theirs, NOW + FOREIGN_MS - 1)
  t.ok(isSameTrust(later.ca ?? '', mine + theirs))
  const last = followTrust(later.memory, mine, mine + theirs, NOW + FOREIGN_MS)
  t.ok(isSameTrust(last.ca ?? '', mine))
  const gone = followTrust(last.memory, mine, mine, NOW + FOREIGN_MS + 1)
  const back = followTrust(gone.memory, mine, mine + theirs, NOW + FOREIGN_MS + 2)
  t.ok(isSameTrust(back.ca ?? '', mine + theirs), 'somebody lives who wants it')
  const kept = followTrust(back.memory, mine, mine + theirs, NOW + 9 * FOREIGN_MS)
  t.ok(isSameTrust(kept.ca ?? '', mine + theirs))
  const expired = followTrust(kept.memory, mine, mine + theirs, NOW + LIFE_MS)
  t.ok(isSameTrust(expired.ca ?? '', mine))
})

t.test('what we retired leaves at once', async t => {
  const first = followTrust(NO_TRUST, mine + next, '', NOW)
  t.ok(isSameTrust(followTrust(first.memory, next, mine + next, NOW).ca ?? '', next))
})

t.test('where authorities of the machine are trusted, nothing is added to them', async t => {
  t.equal(followTrust(NO_TRUST, undefined, theirs, NOW).ca, undefined)
})

t.test('two hosts that disagree for ever end in peace, whichever is first', async t => {
  const hosts = [
    { own: mine, memory: NO_TRUST },
    { own: theirs, memory: NO_TRUST },
  ]
  let stored = ''
  let changes = 0
  for (let now = NOW; now < NOW + 10 * FOREIGN_MS; now += FOREIGN_MS / 24)
    for (const host of hosts) {
      const { memory, ca = '' } = followTrust(host.memory, host.own, stored, now)
      host.memory = memory
      if (isSameTrust(ca, stored)) continue
      stored = ca
      changes += 1
    }
  t.ok(isSameTrust(stored, mine + theirs))
  t.ok(changes <= 6, `${changes} changes`)
})
