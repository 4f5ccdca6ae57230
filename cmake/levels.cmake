# The CPU levels above the reference that hot loops are compiled for on this processor, and
# what each one needs.
set(pflow_levels)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  set(pflow_levels avx2 avx512)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
  set(pflow_levels neon)
endif()
set(pflow_lanes_avx2 8)
set(pflow_flags_avx2 -mavx2 -mfma)
set(pflow_lanes_avx512 16)
set(pflow_flags_avx512 -mavx2 -mfma -mavx512f -mavx512bw -mavx512dq -mavx512vl
                       -mprefer-vector-width=512)
set(pflow_lanes_neon 4)
set(pflow_flags_neon)
set(pflow_lanes_reference 4)
set(pflow_flags_reference)

# C11 alone would not contract a * b + c to one rounding. clang has to do it a statement at
# a time: what its "fast" contracts depends on the code around, such as a sanitizer's
# checks, and so would the bits.
set(pflow_contract -ffp-contract=fast)
if(CMAKE_C_COMPILER_ID MATCHES "Clang")
  set(pflow_contract -ffp-contract=on)
endif()

# compile_for(TARGET LEVEL): files of generic vectors with the level's width.
function(compile_for target level)
  target_compile_definitions(${target} PRIVATE pf_level=${level}
                                               pf_lanes=${pflow_lanes_${level}})
  target_compile_options(${target} PRIVATE -O3 -fno-math-errno ${pflow_contract}
                                           ${pflow_flags_${level}})
endfunction()
