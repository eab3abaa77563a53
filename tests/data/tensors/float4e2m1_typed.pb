*B&dB&dBB
float4e2m1