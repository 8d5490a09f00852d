import { ADDRESS_MUTATIONS } from '../../torture/mutations/of-addresses.ts'
import { BLOCK_MUTATIONS } from '../../torture/mutations/of-blocks.ts'
import { expectCaught } from './_mutations.ts'

expectCaught([...ADDRESS_MUTATIONS, ...BLOCK_MUTATIONS])
