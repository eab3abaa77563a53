B
float4e2m1JB&dB&dB