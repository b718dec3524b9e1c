# SPDX-License-Identifier: BSD-2-Clause
# What the laboratory fetches.

# Source archives, by the SHA-256 in tests/lab/pins.
$(O)/cache/%.orig.tar.gz $(O)/cache/%.orig.tar.xz:
	@tests/lab/fetch $(@F)

# Stock kernels with header trees: $(O)/kernels/6.12-aarch64/.ready.
$(O)/kernels/%/.ready:
	@tests/lab/kernel $(subst -, ,$*)

.PRECIOUS: $(O)/cache/%.orig.tar.gz $(O)/cache/%.orig.tar.xz $(O)/kernels/%/.ready
