"""Words for the special situations of drug safety, and for complaints about the product as a thing."""

from feedback.decisions.vocabulary.entries import phrases, words

SITUATION_STEMS = words("""
    breastfed breastfeed embarazad enceinte gravidanza gravidez lactat misus overdos pregnan schwanger underdos zwanger
""")

SITUATION_PHRASES = phrases("""
    over dose
    over-dose
    too much of
    too many tablets
    too many pills
    too high a dose
    extra dose
    double dose
    doubled the dose
    doubled her dose
    doubled his dose
    doubling the dose
    twice the dose
    half the dose
    wrong dose
    wrong drug
    wrong strength
    wrong medic
    wrong patient
    wrong route
    wrong time
    incorrect dose
    dosing error
    missed dose
    missed a dose
    missed doses
    skipped dose
    skipping doses
    medication error
    medication mistake
    prescribing error
    dispensing error
    administration error
    mixed up
    mix-up
    accidental exposure
    accidental ingest
    accidentally took
    accidentally swallow
    accidentally inject
    by accident
    by mistake
    needlestick
    needle stick
    occupational exposure
    expecting a baby
    expecting mother
    having a baby
    nursing mother
    trying to conceive
    breast feed
    breast-feed
    breast milk
    unborn
    in utero
    newborn
    abusing
    drug abuse
    addict
    dependence
    diversion
    crushed the tablet
    crushing the tablet
    splitting tablets
    sharing tablets
    lack of effect
    lack of efficacy
    lack of response
    loss of effect
    loss of efficacy
    loss of response
    no effect
    no benefit
    no response
    no improvement
    no better
    not effective
    not improving
    not improved
    didn't help
    did not help
    doesn't help
    does not help
    not helping
    not working
    isn't working
    wasn't working
    doesn't work
    does not work
    don't work
    didn't work
    did not work
    stopped working
    quit working
    wore off
    wears off
    wearing off
    ineffective
    inefficac
    not respond
    stopped responding
    didn't respond
    doesn't respond
    did not respond
    non-respond
    nonrespond
    treatment failure
    therapeutic failure
    therapy failure
    failed to respond
    disease progress
    relapsed on
    flared
    flare up
    drug interaction
    interacted with
    counterfeit
    falsified
    fake product
    fake medic
    transmission of infect
""")

COMPLAINT_STEMS = words("""
    contamina counterfeit defectiv discolor discolour leak misfir mislabel tamper
""")

COMPLAINT_PHRASES = phrases("""
    product complaint
    quality complaint
    quality problem
    quality issue
    quality defect
    product defect
    product quality
    defect
    faulty
    damaged
    broken pen
    broken vial
    broken tablet
    broken seal
    broken syring
    broken device
    broken inhal
    pen broke
    needle broke
    syringe broke
    device broke
    device fail
    pen fail
    pen jam
    injector jam
    injector fail
    did not inject
    didn't inject
    would not inject
    wouldn't inject
    won't inject
    does not click
    didn't click
    malfunction
    cracked
    crumbl
    shattered
    chipped
    foreign particle
    foreign body in
    foreign object
    foreign matter
    particles in
    floating in
    cloudy solution
    solution was cloudy
    solution cloudy
    looks cloudy
    looked cloudy
    wrong color
    wrong colour
    odd color
    changed color
    changed colour
    strange smell
    bad smell
    smelled
    smells
    tasted off
    missing tablet
    missing pill
    tablets missing
    pills missing
    tablet missing
    pill missing
    empty blister
    empty pack
    empty bottle
    blister empty
    blister was empty
    short count
    wrong label
    wrong leaflet
    wrong product in
    label missing
    missing label
    missing leaflet
    seal was broken
    seal broken
    packaging
    package was
    past its expiry
    expired product
    expired batch
    expired stock
    expired lot
    mould
    moldy
    cold chain
    lot number
    batch number
    lot no
    batch no
    recall
""")
