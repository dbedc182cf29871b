/* SPDX-License-Identifier: MIT OR Apache-2.0
 *
 * A client library that is not installed. */
int absent_client(void);
int absent_client(void)
{
    return 0;
}
