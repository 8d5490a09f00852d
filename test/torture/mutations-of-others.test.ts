import { OTHER_MUTATIONS } from '../../torture/mutations/of-others.ts'
import { expectCaught } from './_mutations.ts'

expectCaught(OTHER_MUTATIONS)
