import { BLOCK_MUTATIONS } from '../../torture/mutations/of-blocks.ts'
import { expectCaught } from './_mutations.ts'

expectCaught(BLOCK_MUTATIONS)
