import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { LAYOUT, LAYOUT_TAG } from '../../infra/image/layout.ts'
import { signImage } from '../../infra/supply-chain/image-signing.ts'
import { createSigner, planSigning } from '../../infra/supply-chain/signer.ts'
import { mustRun, runTool } from '../../infra/tool.ts'
import { findMissing, startRegistry } from '../support/registry.ts'
import { createWorkTree, PIPELINE_FILES } from '../support/work-tree.ts'
import { createKeyPair, findCosign, opensslVerifies, placeRelease } from './_release.ts'

const skip = findMissing('skopeo', 'docker-registry', 'make', 'git')
const NAME = 'team/ccm'
const RELEASE = ['release', 'CONFIRM=true', 'RELEASE_TAG=v1.2.3']
const ARCHS = ['amd64', 'arm64']

t.test('a release without a key has to be asked for', async t => {
  const none = { sign: undefined, key: undefined, file: undefined, password: undefined }
  t.match(planSigning(none), {
    do: 'refuse',
    problems: [/there is no key: give SIGNING_KEY or SIGNING_KEY_FILE/],
  })
  t.strictSame(planSigning({ ...none, sign: 'false' }), { do: 'nothing' })
  t.match(planSigning({ ...none, sign: 'false', key: 'k' }), { problems: [/SIGN=false, and there is a key/] })
  t.match(planSigning({ ...none, sign: 'no', key: 'k' }), { problems: [/SIGN=no: true or false/] })
  t.match(planSigning({ ...none, key: 'k', file: 'f' }), { problems: [/there are two keys/] })
  t.match(planSigning({ ...none, file: 'f', password: 'p' }), { do: 'sign', key: 'f', password: 'p' })
})

t.test('keys', async t => {
  const { key, publicKey } = createKeyPair()
  t.equal(createSigner(key).publicKey, publicKey)
  const locked = createKeyPair('the password')
  t.equal(createSigner(locked.key, 'the password').publicKey, locked.publicKey)
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const other = rsa.export({ type: 'pkcs8', format: 'pem' })
  for (const [pem, password] of [
    [locked.key],
    [locked.key, 'wrong'],
    [publicKey],
    [other],
    ['text'],
  ] as const) {
    t.throws(() => createSigner(pem, password), {
      code: 'BUILD_REFUSED',
      message: /^SIGNING_KEY is no private key/,
    })
  }
})

async function prepare(t: Test) {
  const folder = t.testdir({ tree: {}, key: '' })
  const registry = await startRegistry(t, folder)
  const tree = createWorkTree(join(folder, 'tree'), PIPELINE_FILES)
  const digest = await tree.placeImage({ archs: ARCHS })
  tree.git('tag', 'v1.2.3')
  const keys = createKeyPair()
  const keyFile = join(folder, 'key')
  await writeFile(keyFile, keys.key)
  const image = `${registry.address}/${NAME}`
  const release = (env: NodeJS.ProcessEnv = { SIGNING_KEY_FILE: keyFile }) =>
    tree.make([...RELEASE, `BUILD_IMAGE=${image}`], env)
  return { folder, registry, tree, digest, image, keys, release }
}

interface SignatureManifest {
  readonly layers: readonly {
    readonly digest: string
    readonly annotations: Readonly<Record<string, string>>
  }[]
}

/** What is under a tag that cosign looks at, read from the registry without any of our code. */
async function readSignatures(address: string, digest: string, kind: 'sig' | 'att') {
  const base = `http://${address}/v2/${NAME}`
  const headers = { accept: 'application/vnd.oci.image.manifest.v1+json' }
  const answer = await fetch(`${base}/manifests/${digest.replace(':', '-')}.${kind}`, { headers })
  if (!answer.ok) return []
  const { layers } = (await answer.json()) as SignatureManifest
  return Promise.all(
    layers.map(async layer => ({
      text: await (await fetch(`${base}/blobs/${layer.digest}`)).text(),
      signature: Buffer.from(layer.annotations['dev.cosignproject.cosign/signature'] ?? '', 'base64'),
    })),
  )
}

interface Payload {
  readonly critical: { readonly identity: object; readonly image: Readonly<Record<string, string>> }
}

/** As an admission controller would: some signature of this key is about this very digest. */
async function isSigned(
  folder: string,
  address: string,
  digest: string,
  publicKey: string,
): Promise<boolean> {
  for (const { text, signature } of await readSignatures(address, digest, 'sig')) {
    const { critical } = JSON.parse(text) as Payload
    if (critical.image['docker-manifest-digest'] !== digest) continue
    if (await opensslVerifies(join(folder, 'openssl'), publicKey, text, signature)) return true
  }
  return false
}

/** The third view. */
function runCosign(cwd: string, command: string, ...rest: readonly string[]) {
  const loopback = command === 'verify-blob' ? [] : ['--allow-http-registry']
  const args = [command, '--insecure-ignore-tlog=true', ...loopback, ...rest]
  return runTool(findCosign() ?? 'cosign', args, { cwd })
}

t.test('make release signs artefacts and image, and others find the signatures good', { skip }, async t => {
  const { folder, registry, tree, digest, image, keys, release } = await prepare(t)
  const { address, read } = registry
  const out = await placeRelease(tree)
  t.match(await release(), { code: 0, out: /signed by the key [0-9a-f]{64}/ })

  await t.test('artefacts', async t => {
    const sums = await readFile(join(out, 'SHA256SUMS'))
    const signature = await readFile(join(out, 'SHA256SUMS.sig'))
    t.ok(await opensslVerifies(join(folder, 'openssl'), keys.publicKey, sums, signature))
    t.notOk(await opensslVerifies(join(folder, 'openssl'), createKeyPair().publicKey, sums, signature))
    const check = () => runTool('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: out })
    t.match(await check(), { code: 0, out: /^chart\.tgz: OK\nprogram: OK\nprovenance\.json: OK\n$/ })
    t.equal(await readFile(join(out, 'signing.pub'), 'utf8'), keys.publicKey)
  })

  const tags = (await read())[NAME] ?? {}
  const manifests = await mustRun(runTool, 'skopeo', [
    'inspect',
    '--raw',
    '--tls-verify=false',
    `docker://${image}:v1.2.3`,
  ])
  const images = (JSON.parse(manifests) as { manifests: { digest: string }[] }).manifests
  const digests = [digest, ...images.map(one => one.digest)]

  await t.test('the image, and that of each processor', async t => {
    t.equal(digests.length, 3)
    t.equal(Object.keys(tags).length, 1 + 2 * digests.length)
    for (const one of digests) {
      t.ok(await isSigned(folder, address, one, keys.publicKey), one)
      t.notOk(await isSigned(folder, address, one, createKeyPair().publicKey), 'not for another key')
      const [envelope] = await readSignatures(address, one, 'att')
      const { payload, payloadType, signatures } = JSON.parse(envelope?.text ?? '') as {
        payload: string
        payloadType: string
        signatures: { sig: string }[]
      }
      const text = Buffer.from(payload, 'base64').toString()
      const signed = `DSSEv1 ${payloadType.length} ${payloadType} ${Buffer.byteLength(text)} ${text}`
      const signature = Buffer.from(signatures[0]?.sig ?? '', 'base64')
      t.ok(await opensslVerifies(join(folder, 'openssl'), keys.publicKey, signed, signature), 'the statement')
      t.match(text, one.slice('sha256:'.length), 'names the image')
      t.match(text, tree.git('rev-parse', 'HEAD'), 'and the commit')
    }
  })

  await t.test(
    'cosign',
    {
      skip:
        findCosign() === undefined &&
        'no cosign here: go install github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3, or set COSIGN',
    },
    async t => {
      const other = join(folder, 'other.pub')
      await writeFile(other, createKeyPair().publicKey)
      for (const one of [`${image}:v1.2.3`, ...digests.map(each => `${image}@${each}`)]) {
        t.match(await runCosign(out, 'verify', '--key=signing.pub', one), { code: 0 }, one)
        t.not((await runCosign(out, 'verify', `--key=${other}`, one)).code, 0, one)
        t.match(
          await runCosign(out, 'verify-attestation', '--key=signing.pub', '--type=slsaprovenance1', one),
          {
            code: 0,
          },
        )
      }
      const blob = ['--bundle=SHA256SUMS.sigstore.json', 'SHA256SUMS']
      t.match(await runCosign(out, 'verify-blob', '--key=signing.pub', ...blob), { code: 0 })
      t.not((await runCosign(out, 'verify-blob', `--key=${other}`, ...blob)).code, 0)
    },
  )

  await t.test('again it changes nothing, and another key adds its own', async t => {
    t.match(await release(), { code: 0, out: /nothing to do: v1\.2\.3 is released/ })
    t.strictSame((await read())[NAME], tags)
    const second = createKeyPair()
    t.match(await release({ SIGNING_KEY: second.key }), { code: 0 })
    for (const { publicKey } of [keys, second]) t.ok(await isSigned(folder, address, digest, publicKey))
  })

  await t.test('what somebody else puts under the name has no signature', async t => {
    const other = await tree.placeImage({ text: 'tampered with' })
    const from = `oci:${join(tree.folder, LAYOUT)}:${LAYOUT_TAG}`
    await mustRun(runTool, 'skopeo', [
      'copy',
      '--quiet',
      '--dest-tls-verify=false',
      from,
      `docker://${image}:v1.2.3`,
    ])
    t.equal((await read())[NAME]?.['v1.2.3'], other)
    t.notOk(await isSigned(folder, address, other, keys.publicKey))
    const stolen = ['copy', '--quiet', '--src-tls-verify=false', '--dest-tls-verify=false']
    const tagOf = (of: string): string => `docker://${image}:${of.replace(':', '-')}.sig`
    await mustRun(runTool, 'skopeo', [...stolen, tagOf(digest), tagOf(other)])
    t.notOk(await isSigned(folder, address, other, keys.publicKey), 'and that of another image does not do')
    if (findCosign() !== undefined)
      t.not((await runCosign(out, 'verify', '--key=signing.pub', `${image}:v1.2.3`)).code, 0, 'says cosign')
  })
})

const sayNothing = async () => ({ state: 'unknown', why: 'too many requests' }) as const

t.test('signatures of others are not lost when the registry does not say what it has', async t => {
  const never = async (): Promise<never> => t.fail('nothing is pushed') as never
  const registry = {
    look: sayNothing,
    readCreated: never,
    upload: never,
    uploadAs: never,
    download: never,
    tag: never,
  }
  const signer = createSigner(createKeyPair().key)
  const signing = {
    registry,
    signer,
    reference: 'r/n',
    tag: 'v1.2.3',
    digests: ['sha256:a'],
    statement: '{}',
  }
  await t.rejects(signImage(signing), {
    code: 'BUILD_PUSH_FAILED',
    message: /does not say.*too many requests/,
  })
})

t.test('nothing is pushed when what would be signed is not what was built', { skip }, async t => {
  const { registry, tree, release, keys } = await prepare(t)
  const refuses = async (says: RegExp, env?: NodeJS.ProcessEnv): Promise<void> => {
    const { code, out } = await release(env)
    t.not(code, 0)
    t.match(out, says)
    t.notMatch(out, keys.key.split('\n')[1] ?? 'no key', 'the key is not printed')
  }
  await refuses(/there are no artefacts: run make ci first/)
  const folder = await placeRelease(tree, 'v1.2.4')
  await refuses(/the artefacts are of v1\.2\.4 at [0-9a-f]{40}/)
  await placeRelease(tree)
  await refuses(/there is no key: give SIGNING_KEY/, {})
  await refuses(/SIGNING_KEY is no private key/, { SIGNING_KEY: 'text' })
  await refuses(/SIGNING_KEY_FILE cannot be read/, { SIGNING_KEY_FILE: join(folder, 'gone') })
  await writeFile(join(folder, 'program'), 'another program')
  await writeFile(join(folder, 'more'), '')
  await refuses(/the artefacts were changed \(more is new, program is another file\)/)
  await placeRelease(tree)
  await tree.placeImage({ text: 'built again' })
  await refuses(/the artefacts were made beside another image/)
  t.strictSame(await registry.read(), {})
})
