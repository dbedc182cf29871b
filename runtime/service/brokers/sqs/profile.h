/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * The shared files of AWS's tools: ~/.aws/credentials with keys and ~/.aws/config with settings, by
 * profile (AWS SDKs and Tools Reference Guide, "Shared config and credentials files"). */
#ifndef FL_SQS_PROFILE_H
#define FL_SQS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a setting: first from the file of keys, then from the other. profile: NULL for that of
 * $AWS_PROFILE, or "default". false: there is none, or it has no room; then value is "". */
bool fl_sqs_profile_read(const char *profile, const char *setting, char *value, size_t size);

#endif
