/*
 * System call numbers that the installed kernel headers may be too old to name.
 * x86-64 only; the numbers are the kernel's and never change.
 */
#ifndef COFFER_FILTER_NUMBERS_H
#define COFFER_FILTER_NUMBERS_H

#include <asm/unistd.h>

#ifndef __x86_64__
#error "coffer knows the system calls of x86-64 alone"
#endif

#ifndef __NR_uretprobe
#define __NR_uretprobe 335 /* Linux 6.11 */
#endif
#ifndef __NR_uprobe
#define __NR_uprobe 336 /* Linux 6.18 */
#endif
#ifndef __NR_cachestat
#define __NR_cachestat 451 /* Linux 6.5 */
#endif
#ifndef __NR_fchmodat2
#define __NR_fchmodat2 452 /* Linux 6.6 */
#endif
#ifndef __NR_map_shadow_stack
#define __NR_map_shadow_stack 453 /* Linux 6.6 */
#endif
#ifndef __NR_futex_wake
#define __NR_futex_wake 454 /* Linux 6.7, and the next two */
#endif
#ifndef __NR_futex_wait
#define __NR_futex_wait 455
#endif
#ifndef __NR_futex_requeue
#define __NR_futex_requeue 456
#endif
#ifndef __NR_statmount
#define __NR_statmount 457 /* Linux 6.8, and the next four */
#endif
#ifndef __NR_listmount
#define __NR_listmount 458
#endif
#ifndef __NR_lsm_get_self_attr
#define __NR_lsm_get_self_attr 459
#endif
#ifndef __NR_lsm_set_self_attr
#define __NR_lsm_set_self_attr 460
#endif
#ifndef __NR_lsm_list_modules
#define __NR_lsm_list_modules 461
#endif
#ifndef __NR_mseal
#define __NR_mseal 462 /* Linux 6.10 */
#endif
#ifndef __NR_setxattrat
#define __NR_setxattrat 463 /* Linux 6.13, and the next three */
#endif
#ifndef __NR_getxattrat
#define __NR_getxattrat 464
#endif
#ifndef __NR_listxattrat
#define __NR_listxattrat 465
#endif
#ifndef __NR_removexattrat
#define __NR_removexattrat 466
#endif
#ifndef __NR_open_tree_attr
#define __NR_open_tree_attr 467 /* Linux 6.15 */
#endif
#ifndef __NR_file_getattr
#define __NR_file_getattr 468 /* Linux 6.17, and the next */
#endif
#ifndef __NR_file_setattr
#define __NR_file_setattr 469
#endif

#endif
