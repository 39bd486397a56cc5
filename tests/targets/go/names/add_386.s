#include "textflag.h"

TEXT ·Add(SB), NOSPLIT, $0-12 // main.Add
	MOVL a+0(FP), AX
	ADDL b+4(FP), AX
	MOVL AX, ret+8(FP)
	RET
