#include "endpoint.h"
struct ofl_dev *endpoint_net(uint32_t mtu) { (void)mtu; return 0; }
