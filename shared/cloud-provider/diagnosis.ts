import type { CloudCall } from './contract.ts'

/** What the cloud says of the credentials. */
export interface Credentials {
  /** Rights by the cloud's own names; undefined where its answer does not tell. */
  readonly scopes: readonly string[] | undefined
  /** How long one token lives. */
  readonly tokenLifeMs: number
  /** The cloud's time when it answered, in milliseconds since 1970; undefined where it does not tell. */
  readonly date: number | undefined
}

/** A limit of the account. */
export interface AddressQuota {
  readonly name: string
  readonly used: number
  readonly limit: number
}

/** Questions that only a person who looks for a fault asks. All of them are reads. */
export interface Diagnosis {
  /** Scopes without which nodes (`nodes`) and load balancers (`loadBalancers`) cannot work. */
  readonly neededScopes: {
    readonly nodes: readonly string[]
    readonly loadBalancers: readonly string[]
  }
  /** Whether one of `scopes` gives the right that `needed` names. */
  readonly covers: (scopes: readonly string[], needed: string) => boolean
  /**
   * Asks for a new token, whatever is held.
   *
   * @throws CcmError BMC_CREDENTIALS_INVALID, BMC_TOKEN_ENDPOINT_FAILED
   */
  askForCredentials(call?: CloudCall): Promise<Credentials>
  /** Public addresses that the account may have; undefined where no quota counts them. @throws CcmError BMC_* */
  readAddressQuota(call?: CloudCall): Promise<AddressQuota | undefined>
  /** Names of tags that blocks of ours bear and that the account does not have yet. @throws CcmError BMC_* */
  listMissingTags(call?: CloudCall): Promise<readonly string[]>
}
