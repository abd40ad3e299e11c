//go:build !dev

package main

const dev = false
