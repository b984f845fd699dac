// SPDX-License-Identifier: Apache-2.0
// host.cpp: a program that uses redstart only through a shared library.
bool server_is_away();

int main() { return server_is_away() ? 0 : 1; }
