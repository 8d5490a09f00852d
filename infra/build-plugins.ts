import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Plugin } from 'esbuild'

type Exports = Readonly<Record<string, readonly string[]>>

/** Imports of @kubernetes/client-node/dist/config.js that nothing here ever calls, with the names it imports. */
const NEVER_CALLED: Exports = {
  'gen/index.js': ['createConfiguration', 'ServerConfiguration'],
  'gen/rxjsStub.js': ['of'],
  undici: ['Agent', 'ProxyAgent'],
}
/** Called only for credentials that a function does not have: command lines of clouds, OpenID Connect, SOCKS proxies. */
const NOT_IN_FUNCTIONS: Exports = {
  'jsonpath-plus': ['JSONPath'],
  'openid-client': ['customFetch', 'discovery', 'refreshTokenGrant'],
  socks: ['SocksClient'],
  'socks-proxy-agent': ['SocksProxyAgent'],
}
/** A function has its keys in its environment; the Lambda client brings what it needs of this by itself. */
const AWS_CHAIN: Exports = { '@aws-sdk/credential-provider-node': ['defaultProvider'] }

/** Files whose imports are looked at: those of @kubernetes/client-node, and the one of ours that asks AWS for secrets. */
const IMPORTERS = /@kubernetes[\\/]client-node[\\/]dist[\\/]\w+\.js$|shared[\\/]secret-request\.ts$/

/** Leaves out what @kubernetes/client-node imports in vain: nine tenths of its bytes. A call of it says so. */
export function leaveOut(host: 'function' | 'server'): Plugin {
  const left: Exports =
    host === 'function' ? { ...NEVER_CALLED, ...NOT_IN_FUNCTIONS, ...AWS_CHAIN } : NEVER_CALLED
  return {
    name: 'leave-out',
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, importer }) => {
        if (!IMPORTERS.test(importer)) return undefined
        const name = path.replace(/^\.\//, '')
        return name in left ? { path: name, namespace: 'left-out', sideEffects: false } : undefined
      })
      build.onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({
        contents: [
          `function missing() { throw new Error('${path} is left out of this bundle: use other cluster credentials') }`,
          ...(left[path] ?? []).map(name => `export { missing as ${name} }`),
        ].join('\n'),
      }))
    },
  }
}

/**
 * Gives a lazy import of a CommonJS package the names that Node gives it: esbuild alone makes it a chunk with nothing
 * but a default export.
 */
export const keepNames: Plugin = {
  name: 'keep-names',
  setup(build) {
    const root = build.initialOptions.absWorkingDir ?? process.cwd()
    build.onResolve({ filter: /^[^.]/ }, async ({ path, kind, resolveDir, importer, pluginData }) => {
      if (kind !== 'dynamic-import' || pluginData === keepNames) return undefined
      const found = await build.resolve(path, { kind, resolveDir, importer, pluginData: keepNames })
      if (found.errors.length > 0 || found.external || !(await isCommonJs(found.path))) return undefined
      // Relative: a path goes into the names of chunks, which must not depend on where the checkout lies.
      return { path: relative(root, found.path), namespace: 'named' }
    })
    build.onLoad({ filter: /./, namespace: 'named' }, async ({ path }) => {
      const names = Object.keys((await import(pathToFileURL(join(root, path)).href)) as object)
      const fields = names.filter(name => name !== 'default' && /^[A-Za-z_$][\w$]*$/.test(name))
      return {
        resolveDir: root,
        contents: [
          `import all from ${JSON.stringify(`./${path}`)}`,
          'export default all',
          ...fields.map((name, index) => `const _${index} = all.${name}; export { _${index} as ${name} }`),
        ].join('\n'),
      }
    })
  },
}

async function isCommonJs(path: string): Promise<boolean> {
  return /\bmodule\.exports\b|^exports\.\w+ =/m.test(await readFile(path, 'utf8'))
}

/** The server runs without a checkout: the manifests that `register` applies and `doctor` compares become part of it. */
export function inlineManifests(folder: string): Plugin {
  const names = ['audit-policy', 'rbac', 'rbac-self', 'webhooks']
  return {
    name: 'inline-manifests',
    setup(build) {
      build.onLoad({ filter: /shared[\\/]register[\\/]manifest-files\.ts$/ }, async () => {
        const texts: Record<string, string> = {}
        for (const name of names) texts[name] = await readFile(join(folder, `${name}.yaml`), 'utf8')
        return {
          contents: `const texts = ${JSON.stringify(texts)}; export const readManifest = async name => texts[name]`,
        }
      })
    },
  }
}
