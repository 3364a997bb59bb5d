import CLinux
import Glibc

// The C library declares its streams as variables, which Swift does not let tasks share. They never change, and the
// functions that take them lock them.

var standardOutput: UnsafeMutablePointer<FILE> { csystem_standard_output() }
var standardError: UnsafeMutablePointer<FILE> { csystem_standard_error() }
