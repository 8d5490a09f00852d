import { ADDRESS_MUTATIONS } from '../../torture/mutations/of-addresses.ts'
import { expectCaught } from './_mutations.ts'

expectCaught(ADDRESS_MUTATIONS)
