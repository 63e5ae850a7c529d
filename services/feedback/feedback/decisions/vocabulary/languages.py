"""The same matters in other large languages: a few unmistakable words each."""

from feedback.decisions.vocabulary.entries import phrases, unspaced, words

# Spanish, Portuguese, Italian, French, German, Dutch, Polish, Russian, Turkish, Arabic, Hindi, Korean.
HARM_STEMS = words("""
    vomito vomita erupcion sarpullido mareo maread desmay convulsion hinchazon hinchad alergi sangrad sangro hospitaliz murio
    fallec muert picazon diarrea dolor fiebre cefalea urticaria erupcao tontura desmai convulso inchaco inchad sangrament
    sangrou morreu falec coceira diarreia febre vomitou nausea eruzione vertigini svenut svenim convulsioni gonfior gonfi
    sanguina ricoverat morto morta decedut prurito febbre eruption vomissement vomi vertige evanoui malaise convulsions
    gonflement gonfle saigne hospitalise decede mort deces demangeaison fievre diarrhee urticaire indesirable ausschlag ubelkeit
    erbroch erbrech ubergeben schwindel ohnmacht krampfanfall geschwoll schwellung blutung geblutet krankenhaus verstorben
    gestorben juckreiz durchfall fieber kopfschmerz schmerz nebenwirkung unvertraglich allergi huiduitslag misselijk braken
    overgegeven duizelig flauwgevallen flauwte gezwollen zwelling bloeding ziekenhuis overleden jeuk koorts hoofdpijn bijwerking
    wysypk nudnosc wymiot zawrot omdlal drgawk obrzek krwawien szpital zmarl zgon swedzenie biegunk goraczk сып тошнот рвот
    головокруж обморок судорог отек отёк кровотеч госпитализ умер смерт зуд понос лихорад аллерг побочн dokuntu bulanti kusma
    kustu bayil sislik kanama hastane kasinti ishal ates alerji yanetki चकत्ते उल्टी मतली चक्कर बेहोश दौरा सूजन रक्तस्राव
    अस्पताल मृत्यु खुजली दस्त बुखार एलर्जी दुष्प्रभाव 발진 구토 메스꺼 어지러 실신 경련 부종 출혈 입원 사망 가려움 설사 알레르기 부작용
""")

HARM_PHRASES = phrases("""
    efecto secundario
    efectos secundarios
    efecto adverso
    efectos adversos
    evento adverso
    reaccion
    efeito colateral
    efeitos colaterais
    efeito adverso
    reacao
    effetto collaterale
    effetti collaterali
    effetto indesiderato
    reazione
    effet secondaire
    effets secondaires
    effet indesirable
    effets indesirables
    a l'hôpital
    perte de connaissance
    im krankenhaus
    ins krankenhaus
    allergische reaktion
    unerwunschte wirkung
    dzialanie niepozadane
    dzialania niepozadane
    skutki uboczne
    побочный эффект
    потеря сознания
    yan etki
    آثار جانبية
    أعراض جانبية
    allergische reactie
""")

HARM_UNSPACED = unspaced("""
    طفح غثيان قيء تقيأ دوخة دوار إغماء تشنج تورم نزيف مستشفى توفي وفاة حكة إسهال حساسية
    皮疹 呕吐 嘔吐 恶心 噁心 头晕 頭暈 晕倒 昏迷 抽搐 水肿 腫脹 出血 住院 死亡 去世 过敏 過敏 腹泻 副作用 不良反应 不良反應
    発疹 吐き気 めまい 失神 痙攣 けいれん 浮腫 入院 亡くな アレルギー かゆみ 下痢 有害事象 蕁麻疹
    ผื่น อาเจียน คลื่นไส้ เวียนหัว เสียชีวิต ผลข้างเคียง
""")

SITUATION_STEMS = words("""
    sobredosis sobredose sovradosaggio surdosage uberdos overdoser predawkow передозир embaraz gravida incinta schwanger zwanger
    ciaz беремен hamile गर्भवती 임신 과다복용
""")

SITUATION_PHRASES = phrases("""
    no funciona
    sin efecto
    não funciona
    sem efeito
    non funziona
    nessun effetto
    ne fonctionne pas
    ne marche pas
    sans effet
    wirkt nicht
    keine wirkung
    wirkungslos
    werkt niet
    geen effect
    nie dziala
    не помогает
    нет эффекта
    не действует
    جرعة زائدة
    doz asimi
    fuera de indicacion
    hors amm
    zulassungsuberschreitend
""")

SITUATION_UNSPACED = unspaced("حامل 怀孕 懷孕 妊娠 妊婦 过量 過量 无效 無效 効果なし 効かない 超说明书 適応外")

COMPLAINT_PHRASES = phrases("""
    defectuos
    queja de calidad
    com defeito
    difettos
    defectueu
    reclamation qualite
    qualitatsmangel
    mangelhaft
    beschadigt
    kapotte
    wadliw
    брак упаков
    дефект
""")

COMPLAINT_UNSPACED = unspaced("质量投诉 破损 變質 不良品 破損")

MEDICAL_PHRASES = phrases("""
    pregunta medica
    consulta medica
    informacion medica
    pergunta medica
    informacao medica
    domanda medica
    informazione medica
    informazioni mediche
    question medicale
    information medicale
    medizinische frage
    medizinische anfrage
    medizinische information
    medische vraag
    pytanie medyczne
    медицинский вопрос
    tibbi soru
    سؤال طبي
""")

MEDICAL_UNSPACED = unspaced("医学问题 醫學問題 医学情報 医学的な質問 의학적질문")
