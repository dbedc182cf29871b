# SPDX-License-Identifier: MIT OR Apache-2.0
"""The lint of Filch's atomics: source (what is written), tables (what is allowed), rules (the comparison)."""
