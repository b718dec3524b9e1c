# SPDX-License-Identifier: BSD-2-Clause
# The window's protocol under a C11 memory model (docs/ordering.md): the real
# sources, with their memory accesses led to Relacy.

MODEL_CFLAGS := -std=gnu11 -g -O1 $(WARN) -Wno-unused-function -D_GNU_SOURCE \
	-Iinclude -I. -Itests/model -Ibaremetal -Ibaremetal/native -Ipmm
MODEL_OBJ := $(addprefix $(O)/test/model/,driver.o device.o model.o)

$(O)/test/model/%.o: tests/model/%.c
	@mkdir -p $(@D)
	$(call note,HOSTCC,$@)
	$(Q)$(HOSTCC) $(MODEL_CFLAGS) -MMD -MP -c -o $@ $<

# Relacy's headers are warned about; static_assert is C++'s word for it.
$(O)/test/model/model.o: tests/model/model.cc
	@mkdir -p $(@D)
	$(call note,HOSTCXX,$@)
	$(Q)g++ -std=gnu++14 -g -O2 -w -D_Static_assert=static_assert \
		-Iinclude -I. -Itests/model -MMD -MP -c -o $@ $<

$(O)/test/model/ordering: $(MODEL_OBJ)
	$(call note,LINK,$@)
	$(Q)g++ -o $@ $^ -lfdt

-include $(MODEL_OBJ:.o=.d)

# Host tests run it, so it is built with the unit tests.
unit: $(O)/test/model/ordering

.PHONY: check-model
check-model: $(O)/test/model/ordering
	@TESTS=host/test_ordering tests/lab/check host
	@grep '^ok' $(O)/log/check/host-test_ordering.out
